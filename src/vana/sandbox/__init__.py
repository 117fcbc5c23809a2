"""Where code runs: isolated by the kernel, or refused."""

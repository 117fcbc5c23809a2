"""Build once, ask many: the one place where parts meet their ports."""

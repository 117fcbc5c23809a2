"""Models: a deterministic one that needs no key, and the contract of all others."""

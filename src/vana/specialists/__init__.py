"""The built-in specialists: one file or folder each, loaded as plug-ins on first use."""

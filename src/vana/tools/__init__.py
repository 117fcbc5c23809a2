"""Tools: typed functions with a schema."""

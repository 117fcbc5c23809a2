"""Memory: levels that are searched together, the ladder that judges them, and the stores below."""

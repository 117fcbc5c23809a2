"""The ground floor: nouns, errors, time and ports. Standard library only."""

"""Where memories are kept: one contract, and a sibling for each kind of database."""

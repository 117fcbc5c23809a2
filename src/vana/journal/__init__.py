"""Where facts about runs are appended, read back as trees, and resumed from."""

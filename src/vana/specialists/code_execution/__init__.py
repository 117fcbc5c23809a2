"""Runs code in a sandbox, tests it, and says where and why it fails."""

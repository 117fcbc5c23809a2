"""Measurements: `python -m benchmarks.NAME --json` prints one JSON object as the last line."""

"""Print the mark of this process, and wait."""

from __future__ import annotations

import sys

from vana.journal.process import claim

sys.stdout.write(f"{claim()}\n")
sys.stdout.flush()
sys.stdin.read()

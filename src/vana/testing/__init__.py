"""The public test kit: parts that stand in for the clock, for a model, and for services that fail."""

from __future__ import annotations

from vana.testing.clock import FakeClock
from vana.testing.faulty import faulty
from vana.testing.scripted import ScriptedModel

__all__ = ["FakeClock", "ScriptedModel", "faulty"]

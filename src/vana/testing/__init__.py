"""The public test kit: parts that stand in for the clock, for a model, and for services that fail.

Time: `FakeClock` stands still until it is moved, `VirtualLoop` jumps over every wait. Faults: `faulty` around
any async function, `ChaosProxy` between a client and a server, `no_network`. Models: `ScriptedModel`.
"""

from __future__ import annotations

from vana.testing.chaos import ChaosProxy
from vana.testing.clock import FakeClock
from vana.testing.faulty import faulty
from vana.testing.network import no_network
from vana.testing.scripted import ScriptedModel
from vana.testing.virtual import Deadlock, VirtualClock, VirtualLoop

__all__ = [
    "ChaosProxy",
    "Deadlock",
    "FakeClock",
    "ScriptedModel",
    "VirtualClock",
    "VirtualLoop",
    "faulty",
    "no_network",
]

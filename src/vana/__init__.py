"""VANA: a memory-first multi-agent orchestrator.

`Vana` answers from memory when memory is sure enough, otherwise it delegates to specialists, which it calls
as tools. Every answer says where it came from, how sure it is, and what was degraded on the way.

The public names are those of `__all__`; each is imported on first use, so `import vana` loads nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vana.agents.specialist import Specialist
    from vana.app.vana import Vana
    from vana.kernel.answer import Answer, Artifact, Degradation, Route, Source, Understood, Usage
    from vana.kernel.budget import Budget
    from vana.kernel.confidence import Confidence
    from vana.kernel.errors import ModelRetry, ToolFailed, VanaError
    from vana.layers.breaker import Breaker
    from vana.layers.cache import Cache
    from vana.layers.deadline import Timeout
    from vana.layers.fallback import Fallback
    from vana.layers.limit import Limit
    from vana.layers.retry import Retry
    from vana.layers.stack import stack
    from vana.tools.tool import Context, Tool

__version__ = "0.1.0"

_HOMES = {
    "Answer": "vana.kernel.answer",
    "Artifact": "vana.kernel.answer",
    "Breaker": "vana.layers.breaker",
    "Budget": "vana.kernel.budget",
    "Cache": "vana.layers.cache",
    "Confidence": "vana.kernel.confidence",
    "Context": "vana.tools.tool",
    "Degradation": "vana.kernel.answer",
    "Fallback": "vana.layers.fallback",
    "Limit": "vana.layers.limit",
    "ModelRetry": "vana.kernel.errors",
    "Retry": "vana.layers.retry",
    "Route": "vana.kernel.answer",
    "Source": "vana.kernel.answer",
    "Specialist": "vana.agents.specialist",
    "Timeout": "vana.layers.deadline",
    "Tool": "vana.tools.tool",
    "ToolFailed": "vana.kernel.errors",
    "Understood": "vana.kernel.answer",
    "Usage": "vana.kernel.answer",
    "Vana": "vana.app.vana",
    "VanaError": "vana.kernel.errors",
    "stack": "vana.layers.stack",
}

__all__ = [
    "Answer",
    "Artifact",
    "Breaker",
    "Budget",
    "Cache",
    "Confidence",
    "Context",
    "Degradation",
    "Fallback",
    "Limit",
    "ModelRetry",
    "Retry",
    "Route",
    "Source",
    "Specialist",
    "Timeout",
    "Tool",
    "ToolFailed",
    "Understood",
    "Usage",
    "Vana",
    "VanaError",
    "stack",
]


def __getattr__(name: str) -> object:
    """Import the public *name* from the module that defines it."""
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'vana' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)

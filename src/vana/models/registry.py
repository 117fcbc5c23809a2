"""Where models are found by name."""

from collections.abc import Callable

from vana.models.model import Model
from vana.plugins import Group

MODELS: Group[Callable[[], Model]] = Group("vana.models", "model")

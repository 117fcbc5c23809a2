"""Where sandboxes are found by name."""

from collections.abc import Callable

from vana.plugins import Group
from vana.sandbox.sandbox import Sandbox

SANDBOXES: Group[Callable[[], Sandbox]] = Group("vana.sandboxes", "sandbox")

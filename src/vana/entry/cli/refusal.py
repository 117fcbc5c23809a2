"""What is printed when the words themselves were not understood, so that no command ran."""

from __future__ import annotations

from collections.abc import Sequence

from vana.entry.cli.commands import COMMANDS
from vana.entry.cli.face import Face
from vana.entry.cli.options import Shared
from vana.kernel.errors import UsageError


def refuse_words(message: str, words: Sequence[str], own: Sequence[str]) -> int:
    """Say that *words* are not understood, in the form that was asked for, and give the exit code.

    *own* are those of them that are ours, in case they ask for JSON.
    """
    names = {command.name for command in COMMANDS}
    command = next((word for word in words if word in names), "")
    said = message.strip().rstrip(".")
    said = said[:1].lower() + said[1:]
    hint = f"vana {command} --help shows what it takes".replace("  ", " ")
    return Face(Shared(json="--json" in own, jsonl="--jsonl" in own)).fail(UsageError(said, hint=hint))

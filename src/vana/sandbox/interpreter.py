"""From the name of a language to the program that runs it, and what that program needs to see."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from vana.kernel.errors import SandboxUnavailable
from vana.plugins import Group
from vana.sandbox import remedy
from vana.sandbox.sandbox import Language

LANGUAGES: Group[Language] = Group("vana.languages", "language")
_EXECUTABLE = b"\x7fELF"
_SYSTEM = Path("/usr")
_LOCAL = Path("/usr/local")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A program that runs a language, by its real path, with what must and must not be visible for it."""

    path: str
    shown: tuple[str, ...] = ()
    """Paths outside `/usr` to show read-only at the same place."""
    hidden: tuple[str, ...] = ()
    """Folders inside those to show empty."""

    @property
    def is_local(self) -> bool:
        """Say whether it lies in `/usr/local`, which is hidden otherwise."""
        return Path(self.path).is_relative_to(_LOCAL)


def find_language(name: str) -> Language:
    """Give the language called *name*, or that has *name* among its aliases.

    Raises:
        UnknownName: none is installed; the error lists those that are.
    """
    known = LANGUAGES.names()
    if name not in known:
        for language in map(LANGUAGES.load, known):
            if name.lower() in (language.name, *language.aliases):
                return language
    return LANGUAGES.load(name)


def find_interpreter(language: Language) -> Interpreter:
    """Give the first of the language's interpreters that is a real program here.

    A file that is no program of this machine is passed over: version managers put scripts on the path that
    choose the interpreter by files and settings which do not exist in a sandbox.

    Raises:
        SandboxUnavailable: none is installed; the hint holds the command that installs one.
    """
    for candidate in language.interpreters:
        found = shutil.which(candidate) or shutil.which(candidate, path="/usr/bin:/usr/local/bin:/bin")
        path = Path(os.path.realpath(found)) if found else None
        if path is not None and _is_program(path):
            return _described(path, language)
    tried = ", ".join(language.interpreters)
    message = f"no interpreter for {language.name} is installed; looked for: {tried}"
    raise SandboxUnavailable(message, hint=remedy.install(language.install))


def _is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_EXECUTABLE)) == _EXECUTABLE
    except OSError:
        return False


def _described(path: Path, language: Language) -> Interpreter:
    if path.is_relative_to(_SYSTEM) or path.is_relative_to("/bin"):
        return Interpreter(str(path))
    above = path.parent.parent
    shown = [one for pattern in language.needs for one in sorted(above.glob(pattern))]
    hidden = [one for pattern in language.hides for one in sorted(above.glob(pattern)) if one.is_dir()]
    return Interpreter(str(path), (str(path), *map(str, shown)), tuple(map(str, hidden)))

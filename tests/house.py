"""The rules of the house, each a function from source files to complaints as `file:line: what`.

`tests/test_house.py` puts them to our files, and to planted ones to see that each can fail.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TypeAlias

LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FUNCTION, MOST_PARAMETERS, ANY_PER_1000_LINES = 400, 50, 8, 7, 2.0

NO_MODULE_NAMES = re.compile(r"^_?(utils?|utilities|helpers?|common|misc|base|managers?)$")

MAY_CATCH_ALL = ("vana.layers.trace", "vana.layers.contain", "vana.entry")
"""The trace layer, the boundary of a call, the faces: an error becomes a fact, a failure, a message."""

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"


@dataclass(frozen=True)
class Source:
    """One Python file: the module's dotted name, where it stands, its text."""

    module: str
    path: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def functions(self) -> list[Function]:
        """Every function, methods and inner ones too."""
        return [
            node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

    def at(self, node: ast.stmt | ast.expr | ast.excepthandler, what: str) -> str:
        """Give the complaint *what* about *node*."""
        return f"{self.path}:{node.lineno}: {what}"

    def is_in(self, package: str) -> bool:
        """Tell whether it is *package* or stands inside."""
        return f"{self.module}.".startswith(f"{package}.")


@dataclass(frozen=True)
class Import:
    """One arrow: *source* imports the module *target* on *line*."""

    source: Source
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}: {self.source.module} → {self.target}"


Files: TypeAlias = Sequence[Source]
Rule: TypeAlias = Callable[[Files], list[str]]


def read(folder: Path, root: Path) -> list[Source]:
    """Read every Python file under *folder*, whose parent is on the path; paths are given from *root*."""
    found: list[Source] = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Source(name, str(path.relative_to(root)), path.read_text("utf-8"), is_package))
    return found


def body_lines(function: Function) -> int:
    """Give the lines of *function* without its docstring, as the peers were counted."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def long_files(files: Files) -> list[str]:
    """A file has at most 400 lines."""
    lengths = ((file, len(file.text.splitlines())) for file in files)
    return [
        f"{file.path}:1: {lines} lines, at most {LONGEST_FILE}"
        for file, lines in lengths
        if lines > LONGEST_FILE
    ]


def long_functions(files: Files) -> list[str]:
    """A function has at most 50 lines."""
    return [
        file.at(function, f"{function.name} has {lines} lines, at most {LONGEST_FUNCTION}")
        for file in files
        for function in file.functions
        if (lines := body_lines(function)) > LONGEST_FUNCTION
    ]


def long_median(files: Files) -> list[str]:
    """Half of all functions have at most 8 lines."""
    lengths = sorted(
        ((body_lines(function), file, function) for file in files for function in file.functions),
        key=lambda item: -item[0],
    )
    middle = median(length for length, *_ in lengths) if lengths else 0
    if middle <= MEDIAN_FUNCTION:
        return []
    longest = [
        file.at(function, f"{function.name} has {length} lines") for length, file, function in lengths[:10]
    ]
    return [f"the median function has {middle} lines, at most {MEDIAN_FUNCTION}; the longest:", *longest]


def many_parameters(files: Files) -> list[str]:
    """A function takes at most 7 parameters; `self` is none."""
    found: list[str] = []
    for file in files:
        for function in file.functions:
            given = function.args
            named = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            taken = len([name for name in named if name not in {"self", "cls"}])
            taken += (given.vararg is not None) + (given.kwarg is not None)
            if taken > MOST_PARAMETERS:
                found.append(
                    file.at(function, f"{function.name} takes {taken} parameters, at most {MOST_PARAMETERS}")
                )
    return found


def much_any(files: Files) -> list[str]:
    """`Any` stands at most twice in 1000 lines."""
    places = [
        file.at(node, "Any")
        for file in files
        for node in ast.walk(file.tree)
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
    ]
    allowed = ANY_PER_1000_LINES * sum(len(file.text.splitlines()) for file in files) / 1000
    return (
        [f"Any stands {len(places)} times, at most {allowed:.1f}:", *places] if len(places) > allowed else []
    )


def broad_excepts(files: Files) -> list[str]:
    """All errors are caught in three places only; to catch, clean up and raise again is to catch nothing."""
    return [
        file.at(node, "catches every error; name the narrowest class")
        for file in files
        if not any(file.is_in(place) for place in MAY_CATCH_ALL)
        for node in ast.walk(file.tree)
        if (isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node))
        or (isinstance(node, ast.Call) and _name(node.func) == "suppress" and any(map(_is_broad, node.args)))
    ]


def _name(node: ast.expr | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(map(_is_broad, caught.elts))
    return caught is None or _name(caught) in {"Exception", "BaseException"}


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def vague_names(files: Files) -> list[str]:
    """A module is named for what it holds."""
    return [
        f"{file.path}:1: {part!r} says nothing; name it for what it holds"
        for file in files
        for part in file.module.split(".")
        if NO_MODULE_NAMES.match(part)
    ]


def hidden_imports(files: Files) -> list[str]:
    """An import of our own stands at the top, where it can be seen."""
    found: list[str] = []
    for file in files:
        for function in file.functions:
            is_lazy_door = file.module == "vana.plugins" or (
                file.is_package and function.name == "__getattr__"
            )
            for node in ast.walk(function):
                ours = [name for name in _targets(file, node) if f"{name}.".startswith("vana.")]
                if ours and not is_lazy_door and isinstance(node, ast.stmt):
                    found.append(file.at(node, f"{function.name} imports {ours[0]}; put it at the top"))
    return sorted(set(found))


def front_door_imports(files: Files) -> list[str]:
    """Inside the package a name is imported from the module that defines it, never from `vana`."""
    return [
        file.at(node, "imports from vana itself; name the module that defines it")
        for file in files
        for node in ast.walk(file.tree)
        if (isinstance(node, ast.ImportFrom) and _origin(file, node) == "vana")
        or (isinstance(node, ast.Import) and any(name.name == "vana" for name in node.names))
    ]


def undocumented(files: Files) -> list[str]:
    """Every module and every public class, function and method says what it gives."""
    found: list[str] = []
    for file in files:
        if ast.get_docstring(file.tree) is None:
            found.append(f"{file.path}:1: the module has no docstring")
        found += [
            file.at(node, f"{node.name} has no docstring")
            for node in _public(file.tree)
            if ast.get_docstring(node) is None
        ]
    return found


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | Function]:
    for node in parent.body:
        if isinstance(
            node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        ) and not node.name.startswith("_"):
            if not any(_name(mark) in {"overload", "setter"} for mark in node.decorator_list):
                yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def _origin(file: Source, node: ast.ImportFrom) -> str:
    """Give the absolute name of the module that *node* imports from."""
    if not node.level:
        return node.module or ""
    parts = file.module.split(".")
    parts = parts[: len(parts) - node.level + file.is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _targets(file: Source, node: ast.AST) -> list[str]:
    """Give what an import names: modules, or `module.name` where only the names tell."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{_origin(file, node)}.{name.name}" for name in node.names]
    return []


def imports(files: Files) -> list[Import]:
    """Give every arrow between *files*: at the top, inside functions, and for the type checker alone."""
    modules = {file.module for file in files}
    found: list[Import] = []
    for file in files:
        for node in ast.walk(file.tree):
            for name in _targets(file, node):
                target = name if name in modules else name.rpartition(".")[0]
                if target in modules and isinstance(node, ast.stmt):
                    found.append(Import(file, target, node.lineno))
    return found


def circles(files: Files) -> list[str]:
    """No module leads back to itself."""
    arrows = imports(files)
    onward: dict[str, set[str]] = {file.module: set() for file in files}
    for arrow in arrows:
        onward[arrow.source.module].add(arrow.target)
    return [
        "a ring of "
        + ", ".join(sorted(ring))
        + "\n"
        + "\n".join(f"    {a}" for a in arrows if a.source.module in ring and a.target in ring)
        for ring in _rings(onward)
    ]


def _rings(onward: dict[str, set[str]]) -> list[frozenset[str]]:
    """Give the sets of modules that can reach each other: what each reaches, and who reaches it."""
    reach = {module: _reach(module, onward) for module in onward}
    return sorted(
        {
            frozenset(other for other in found if module in reach[other])
            for module, found in reach.items()
            if module in found
        },
        key=sorted,
    )


def _reach(module: str, onward: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(onward[module])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += onward[other]
    return found


def arrows_up(files: Files, floors: Sequence[Sequence[str]]) -> list[str]:
    """A package imports only what lies below it; *floors* from the top, neighbours do not know each other."""
    height = {f"vana.{room}": -index for index, rooms in enumerate(floors) for room in rooms}
    found: list[str] = []
    for arrow in imports(files):
        here, there = (".".join(name.split(".")[:2]) for name in (arrow.source.module, arrow.target))
        if here in {"vana", there}:
            continue  # the front door shows every floor
        if here not in height or there not in height:
            found.append(f"{arrow}: {here if here not in height else there} has no floor")
        elif height[there] >= height[here]:
            found.append(f"{arrow} goes up")
    return found


def foreign_in_kernel(files: Files) -> list[str]:
    """The kernel needs the standard library alone."""
    return [
        f"{file.path}:{node.lineno}: the kernel imports {name}"
        for file in files
        if file.is_in("vana.kernel")
        for node in ast.walk(file.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in _targets(file, node)
        if not name.startswith("vana.kernel.") and name.split(".")[0] not in sys.stdlib_module_names
    ]


def unmirrored(tests: Iterable[str], files: Files) -> list[str]:
    """A test stands where its source stands: `tests/layers/test_retry.py`, `src/vana/layers/retry.py`."""
    modules = {file.module for file in files}
    found: list[str] = []
    for test in tests:
        *folders, name = Path(test).with_suffix("").parts[1:]
        if ".".join(["vana", *folders, name.removeprefix("test_")]) not in modules:
            found.append(
                f"{test}:1: there is no src/{'/'.join(['vana', *folders, name.removeprefix('test_')])}.py"
            )
    return found

"""The tables of the guides on resilience are those of the code."""

from __future__ import annotations

import dataclasses
import errno
import inspect
import re
import socket
import ssl
from asyncio import IncompleteReadError
from pathlib import Path

import pytest

from vana.kernel.errors import VanaError
from vana.layers.breaker import Breaker
from vana.layers.bucket import Rate
from vana.layers.cache import Cache
from vana.layers.classify import classify
from vana.layers.fallback import Fallback
from vana.layers.foreign import LIBRARIES, SQLSTATES
from vana.layers.limit import Limit
from vana.layers.responses import CODES, STATUSES, of_response
from vana.layers.retry import Retry
from vana.layers.retry_budget import RetryBudget

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
GUIDE = (GUIDES / "resilience.md").read_text("utf-8")
DEGRADATION = (GUIDES / "degradation.md").read_text("utf-8")
LISTED = ("httpx2", "aiohttp", "openai", "psycopg_pool")
"""The libraries with lines of their own; the others are known like one of these."""


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the first table below *heading*."""
    table = re.search(
        rf"^#+ {re.escape(heading)}$.*?\n\|[^\n]*\n\|[-|]+\n(.*?)\n\n", GUIDE, re.DOTALL | re.MULTILINE
    )
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[1].splitlines()]


def known(kind: str, name: str) -> VanaError | None:
    """Give what the classifier makes of one entry of the table."""
    if kind == "HTTP":
        return of_response(int(name), "it")
    if kind == "code":
        return of_response(400, "it", code=name)
    if kind == "SQLite":
        return classify(Coded("sqlite_errorcode", int(name)))
    if kind == "PostgreSQL":
        return SQLSTATES[name](Exception(), "it")
    library, _, named = name.rpartition(".")
    if library in LISTED:
        return LIBRARIES[library][named](Exception(), "it")
    return classify(OSError(getattr(errno, name), "it") if name in vars(errno) else BUILT_IN[name]())


class Coded(Exception):
    """An error with a number, as SQLite's have one."""

    def __init__(self, attribute: str, code: int) -> None:
        super().__init__("it")
        setattr(self, attribute, code)


BUILT_IN = {
    "TimeoutError": TimeoutError,
    "ConnectionError": ConnectionError,
    "ssl.SSLCertVerificationError": lambda: ssl.SSLCertVerificationError(1, "it"),
    "ssl.SSLError": lambda: ssl.SSLError(1, "it"),
    "socket.gaierror": lambda: socket.gaierror(socket.EAI_NONAME, "it"),
    "asyncio.IncompleteReadError": lambda: IncompleteReadError(b"", 1),
}


def entries() -> list[tuple[str, str, str]]:
    """Give each entry of the classifier's table: its kind, its name, and what it becomes."""
    found: list[tuple[str, str, str]] = []
    for said, becomes in rows("Which error becomes which"):
        words = said.replace("`", "").split()
        kind = words.pop(0) if words[0] in {"HTTP", "code", "SQLite", "PostgreSQL"} else ""
        found += [(kind, word, becomes.strip("`")) for word in words]
    return found


@pytest.mark.parametrize(("kind", "name", "becomes"), entries())
def test_an_error_becomes_what_the_table_says(kind: str, name: str, becomes: str):
    made = known(kind, name)
    assert (type(made).__name__ if made is not None else "passes") == becomes


def test_the_table_leaves_nothing_out_that_the_classifier_knows():
    listed = {(kind, name) for kind, name, _ in entries()}
    every = (
        {("HTTP", str(status)) for status in STATUSES}
        | {("code", code) for code in CODES}
        | {("PostgreSQL", state) for state in SQLSTATES}
        | {("", f"{library}.{name}") for library in LISTED for name in LIBRARIES[library]}
        | {("SQLite", str(code)) for code in range(1, 64) if classify(Coded("sqlite_errorcode", code))}
        | {("", name) for number, name in errno.errorcode.items() if classify(plain(number)) is not None}
    )
    assert every - listed == set()


def plain(number: int) -> OSError:
    """Give a system's error, and nothing where Python has a class of its own for the number."""
    error = OSError(number, "it")
    of_its_own = isinstance(error, (ConnectionError, TimeoutError))
    return OSError("it") if of_its_own else error


def test_libraries_without_lines_are_known_like_one_that_has_them():
    assert LIBRARIES["httpx"] == LIBRARIES["httpx2"]
    assert LIBRARIES["anthropic"] == LIBRARIES["openai"]
    assert set(LIBRARIES) == {*LISTED, "httpx", "anthropic"}


def defaults(recipe: type) -> dict[str, str]:
    """Give the settings of *recipe* that have a plain default, as they are written."""
    if not dataclasses.is_dataclass(recipe) or recipe is Fallback:
        return {"share": repr(inspect.signature(Fallback).parameters["share"].default)}
    return {
        field.name: repr(field.default)
        for field in dataclasses.fields(recipe)
        if field.repr and isinstance(field.default, (int, float))
    }


RECIPES = {kind.__name__: kind for kind in (Retry, RetryBudget, Breaker, Limit, Rate, Fallback, Cache)}


@pytest.mark.parametrize("name", RECIPES)
def test_the_defaults_are_those_of_the_table(name: str):
    (said,) = [row[1] for row in rows("Defaults") if row[0] == f"`{name}`"]
    told = dict(part.split("=") for part in said.strip("`").split(", "))
    real = defaults(RECIPES[name])
    assert {setting: told.get(setting) for setting in real if setting != "frozen"} == {
        setting: default for setting, default in real.items() if setting != "frozen"
    }
    assert {told[setting] for setting in told.keys() - real.keys()} <= {"None"}


def test_every_row_on_degradation_names_a_test_that_exists():
    tests = (Path(__file__).parents[1] / "faults" / "test_degradation.py").read_text("utf-8")
    named = re.findall(r"`(test_\w+)`", DEGRADATION)
    assert named
    assert [name for name in named if f"def {name}(" not in tests] == []

"""`vana config`: every setting, its value, where it came from, and what it may be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vana.config import Row, config_file, describe
from vana.entry.cli.drawing import console, indented, table, text
from vana.entry.cli.face import write
from vana.entry.cli.opening import home_of
from vana.entry.cli.saving import write_new
from vana.kernel.errors import UsageError
from vana.kernel.plain import JSON, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Config

SCHEMA = "vana.config/1"
TABLE_CELLS = 100
"""Columns from which on the settings are a table."""


async def run(options: Config, face: Face) -> int:
    """Show the settings, say where their file is, or write one that can be edited."""
    home = home_of(face)
    path = config_file(home, face.shared.config)
    match options.action:
        case "show":
            rows = describe(home=home, file=face.shared.config)
            return face.show(_as_json(rows, home, path), lambda: _draw(rows, home, path))
        case "path":
            return face.show(_place(home, path), lambda: write(sys.stdout, str(path)))
        case "init":
            written = write_new(path.parent, path.name, _commented(describe(home=home)).encode())
            return face.show(_place(home, written), lambda: write(sys.stdout, str(written)))
        case unknown:
            message = f"vana config {unknown} is not understood"
            raise UsageError(message, hint="vana config, vana config path, or vana config init")


def _place(home: Path, path: Path) -> dict[str, JSON]:
    return {"schema": SCHEMA, "home": str(home), "file": str(path), "exists": path.is_file()}


def _as_json(rows: Sequence[Row], home: Path, path: Path) -> dict[str, JSON]:
    return {**_place(home, path), "settings": plain(rows)}


def _draw(rows: Sequence[Row], home: Path, path: Path) -> None:
    out = console()
    if out.width < TABLE_CELLS:
        _draw_list(rows, out)
    else:
        _draw_table(rows, out)
    there = "" if path.is_file() else " (not there; vana config init writes one)"
    out.print(text(f"data folder {home}", "dim"), text(f"settings file {path}{there}", "dim"), sep="\n")


def _draw_table(rows: Sequence[Row], out: Console) -> None:
    drawn = table("setting", "value", "from", "allowed", "meaning")
    for row in rows:
        value, origin = text(_toml(row.value)), text(row.origin, _style(row))
        drawn.add_row(text(row.key, "bold cyan"), value, origin, text(row.allowed, "dim"), text(row.meaning))
    out.print(drawn)


def _draw_list(rows: Sequence[Row], out: Console) -> None:
    for row in rows:
        out.print(
            text(row.key, "bold cyan"), text(f"= {_toml(row.value)}"), text(f"({row.origin})", _style(row))
        )
        out.print(indented(text(f"{row.meaning}; {row.allowed}", "dim")))


def _style(row: Row) -> str:
    return "dim" if row.origin == "default" else "yellow"


def _commented(rows: Sequence[Row]) -> str:
    """Give a settings file in which every setting stands as a comment with its default."""
    lines = ["# Settings of VANA. A setting counts when the # before it is taken away.", ""]
    section = ""
    for row in rows:
        place, _, name = row.key.partition(".")
        if place != section:
            lines += [f"[{place}]"]
            section = place
        lines += [f"# {row.meaning} ({row.allowed})", f"# {name} = {_toml(row.default)}", ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)

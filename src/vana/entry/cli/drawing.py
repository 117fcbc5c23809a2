"""Tables and trees on a terminal. Everything that needs rich stands here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.box import ASCII, SIMPLE_HEAD
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vana.entry.cli.streams import colours, is_unicode
from vana.entry.render import duration
from vana.kernel.answer import iso_time
from vana.sandbox.display import printable

if TYPE_CHECKING:
    from vana.journal.journal import RunTree, SpanNode
    from vana.kernel.answer import Degradation
    from vana.kernel.plain import JSON

STATUS_STYLES = {
    "ok": "green",
    "answered": "green",
    "ended": "green",
    "failed": "red",
    "broken": "red",
    "lost": "red",
    "running": "cyan",
}
"""Colours of statuses; every other one is yellow."""

SIGNS = {"green": ("✓", "+"), "red": ("✗", "x"), "cyan": ("…", "~"), "yellow": ("!", "!")}
"""Colour → sign, and its stand-in where the terminal has only ASCII."""

BAR_CELLS = 24
NARROW = 80
"""Below this many columns the bars are left out."""


def console() -> Console:
    """Give the console of standard output; a pipe gets no colours, and lines are never cut for it."""
    width = None if sys.stdout.isatty() else 160
    return Console(
        file=sys.stdout, no_color=not colours(sys.stdout), highlight=False, markup=False, width=width
    )


def style_of(status: str) -> str:
    """Give the colour of *status*."""
    return STATUS_STYLES.get(status, "yellow")


def sign(status: str) -> str:
    """Give one character for *status*."""
    return SIGNS[style_of(status)][0 if is_unicode(sys.stdout) else 1]


def table(*columns: str) -> Table:
    """Give an empty table with these heads."""
    made = Table(box=SIMPLE_HEAD if is_unicode(sys.stdout) else ASCII, pad_edge=False, header_style="bold")
    for head in columns:
        made.add_column(head, overflow="fold")
    return made


def text(value: str, style: str = "") -> Text:
    """Give *value* as it is, what it could do to a terminal made visible."""
    return Text(printable(value), style)


def indented(*lines: Text) -> Padding:
    """Give *lines* set in by two columns, also where they are broken."""
    return Padding(Group(*lines), (0, 0, 0, 2))


def draw_run(tree: RunTree) -> None:
    """Draw *tree*: one line a span, with status, time, and when in the run it ran."""
    out = console()
    has_bars = out.width >= NARROW
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=not has_bars, overflow="ellipsis")
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    if has_bars:
        grid.add_column(no_wrap=True)
    for guide, node, extras in _rows(tree.root):
        label = Text.assemble((guide, "dim"), text(f"{sign(node.status)} {node.name}", style_of(node.status)))
        cells = [label, text(_status(node), style_of(node.status)), text(duration(node.ms), "dim")]
        grid.add_row(*cells, *([_bar(node, tree.root)] if has_bars else []))
        for extra in extras:
            grid.add_row(extra)
    out.print(grid)
    out.print(text(f"{tree.run_id}, {iso_time(tree.root.started_at)}, {tree.events} events", "dim"))


def _rows(root: SpanNode) -> Iterator[tuple[str, SpanNode, list[Text]]]:
    """Give each span with the lines that lead to it and what else is to be said of it, the root first."""
    last, stem, corner = ("└─ ", "│  ", "├─ ") if is_unicode(sys.stdout) else ("`- ", "|  ", "|- ")
    rest: list[tuple[str, str, SpanNode]] = [("", "", root)]
    while rest:
        lead, below, node = rest.pop()
        yield lead, node, _extras(node, below + (stem if node.children else "   "))
        for index, child in enumerate(reversed(node.children)):
            is_last = index == 0
            rest.append((below + (last if is_last else corner), below + ("   " if is_last else stem), child))


def _extras(node: SpanNode, lead: str) -> list[Text]:
    notes = [text(f"{lead}- {note.name} {_facts(note.data)}".rstrip(), "dim") for note in node.notes]
    return notes + [text(f"{lead}! {_told(fact)}", "yellow") for fact in _own(node)]


def _own(node: SpanNode) -> Iterator[Degradation]:
    """Give what was degraded in *node* itself: a parent carries what its children degraded too."""
    inherited = {fact for child in node.children for fact in child.degraded}
    return (fact for fact in node.degraded if fact not in inherited)


def _told(fact: Degradation) -> str:
    return f"degraded: {fact.what}: {fact.why}; instead: {fact.instead}"


def _facts(data: Mapping[str, JSON]) -> str:
    return " ".join(f"{key}={value}" for key, value in data.items() if value is not None)


def _status(node: SpanNode) -> str:
    code = node.data.get("code")
    told = node.status if not isinstance(code, str) or code == node.status else f"{node.status} ({code})"
    return told if node.attempts <= 1 else f"{told}, {node.attempts} attempts"


def _bar(node: SpanNode, root: SpanNode) -> Text:
    """Give when in the run *node* ran, as a bar; a span shorter than a cell still has one."""
    whole = root.ms or 0.0
    if node.ms is None or whole <= 0:
        return Text("")
    start = min(1.0, max(0.0, (node.started_at - root.started_at) * 1000 / whole))
    first = min(BAR_CELLS - 1, int(start * BAR_CELLS))
    cells = max(1, min(BAR_CELLS - first, round(node.ms / whole * BAR_CELLS)))
    block = "━" if is_unicode(sys.stdout) else "="
    return Text(" " * first + block * cells, style_of(node.status))

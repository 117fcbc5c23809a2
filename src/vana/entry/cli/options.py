"""What each command takes: one frozen record a command, and the options that all of them share.

The first line of a record's docstring is the command's help, and its fields are the command's parameters.
typer reads annotations as they stand, so this module has no postponed ones; lists, because typer knows no
other sequence.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

_EVERY = "Every command"

Words = Annotated[list[str], typer.Argument(metavar="TEXT", hidden=True)]
Session = Annotated[str | None, typer.Option("--session", metavar="ID", help="Belong to this conversation.")]


@dataclass(frozen=True)
class Shared:
    """Options that every command takes, before or after its own words."""

    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar="", help="Print one JSON object.", rich_help_panel=_EVERY, show_default=False
        ),
    ] = False
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl", metavar="", help="Print events, one a line, the answer last.", rich_help_panel=_EVERY
        ),
    ] = False
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", metavar="", help="Exit with 3 when anything was degraded.", rich_help_panel=_EVERY
        ),
    ] = False
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="S", help="Give up after S seconds.", rich_help_panel=_EVERY),
    ] = None
    no_color: Annotated[
        bool,
        typer.Option(
            "--no-color", metavar="", help="No colours; NO_COLOR=1 does the same.", rich_help_panel=_EVERY
        ),
    ] = False
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="DIR", help="The data folder.", rich_help_panel=_EVERY),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The settings file.", rich_help_panel=_EVERY),
    ] = None


@dataclass(frozen=True)
class Root:
    """Options about `vana` itself."""

    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version.", show_default=False)
    ] = False


@dataclass(frozen=True)
class Ask:
    """Ask a question or give a task, once. This is what plain `vana TEXT` does.

    A path in the text that exists is a file to use, up to 8 MiB each. Standard input, when it is not a
    terminal, is context, up to 16 MiB; as the text is -, it is the request itself, up to 1 MiB.
    """

    text: Words
    session: Session = None


@dataclass(frozen=True)
class Chat:
    """Talk, turn by turn. /help lists what else can be typed; Ctrl-D leaves."""

    session: Session = None
    resume: Annotated[
        bool,
        typer.Option(
            "--continue", "-c", metavar="", help="Take up the newest conversation.", show_default=False
        ),
    ] = False


@dataclass(frozen=True)
class Execute:
    """Run a program in the sandbox, with no agent in between.

    Its output is yours: stdout on stdout, stderr on stderr. A program that fails is exit 1. Its own options
    follow after --.
    """

    words: Annotated[
        list[str],
        typer.Argument(metavar="FILE|- ARGS", hidden=True),
    ] = field(default_factory=list[str])
    code: Annotated[
        str | None,
        typer.Option("--code", "-c", metavar="TEXT", help="The program itself, instead of a FILE."),
    ] = None
    language: Annotated[
        str | None,
        typer.Option(
            "--language", "-l", metavar="NAME", help="Its language; else by FILE's suffix, else python."
        ),
    ] = None
    file: Annotated[
        list[str],
        typer.Option("--file", metavar="PATH", help="A file it may read; repeatable.", show_default=False),
    ] = field(default_factory=list[str])
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Save the files it makes here; overwrites none."),
    ] = None
    wall: Annotated[
        float | None, typer.Option("--wall", metavar="S", help="End it after S seconds.", show_default=False)
    ] = None
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="Memory of the whole run: 256M, 1G.")
    ] = None
    exit_status: Annotated[
        bool,
        typer.Option(
            "--exit-status", metavar="", help="Exit with the program's own status.", show_default=False
        ),
    ] = False


@dataclass(frozen=True)
class Remember:
    """Keep a fact. It survives from the moment this command says so."""

    text: Words
    session: Session = None


@dataclass(frozen=True)
class Recall:
    """Find what was remembered, with where it came from. Invents nothing."""

    query: Annotated[list[str], typer.Argument(metavar="QUERY", hidden=True)]
    k: Annotated[int, typer.Option("-k", "--limit", metavar="N", min=1, max=1000, help="At most N hits.")] = (
        10
    )
    session: Session = None


@dataclass(frozen=True)
class Route:
    """Show what would be done with a request, without doing it.

    With --jsonl: reads one JSON string a line from standard input and prints one object for each.
    """

    text: Annotated[list[str], typer.Argument(metavar="TEXT", hidden=True)] = field(default_factory=list[str])


@dataclass(frozen=True)
class Agents:
    """List the specialists and their tools."""

    words: Annotated[list[str], typer.Argument(metavar="show NAME", hidden=True)] = field(
        default_factory=list[str]
    )


@dataclass(frozen=True)
class Trace:
    """Draw a run as a tree: what called what, how long, how it ended."""

    run: Annotated[str, typer.Argument(metavar="RUN|last", hidden=True)] = "last"


@dataclass(frozen=True)
class Doctor:
    """Test each part by using it, and say how to mend what is broken."""


@dataclass(frozen=True)
class Config:
    """Show every setting: its value, where it came from, what it may be."""

    action: Annotated[
        str,
        typer.Argument(metavar="show|path|init", hidden=True),
    ] = "show"

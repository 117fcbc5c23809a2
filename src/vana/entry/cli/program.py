"""The command line as typer knows it, built from the records in `options`, and its one way in.

Light on purpose: `vana --help` passes through here alone, so a body and everything below it is loaded by
name when its command is called.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import TypeAlias, TypeVar, cast

import typer
from typer.core import TyperGroup, TyperOption
from typer.exceptions import TyperException
from typer.main import get_group

from vana.entry.cli import options
from vana.entry.cli.commands import COMMANDS, Command
from vana.entry.cli.exit import ANSWERED, CANCELLED, FAILED, USAGE
from vana.entry.cli.streams import abandon_stdout, make_safe
from vana.entry.cli.words import Grammar, arrange
from vana.plugins import resolve

R = TypeVar("R")

Start: TypeAlias = Callable[[str, object, options.Shared], int]
"""Runs the body at a place with a command's options, and gives the exit code."""

Refuse: TypeAlias = Callable[[str, Sequence[str], Sequence[str]], int]
"""Says that what was typed is not understood, and gives the exit code."""

_ABOUT = """Answer from memory when memory is sure, delegate when it is not, and say where answers come from.

[bold]vana TEXT[/bold] asks. A first word that is a command is the command."""

_EXIT_CODES = (
    "Exit codes: 0 answered, 1 failed or refused, 2 usage, 3 degraded under --strict, "
    "4 waits for a person, 5 abstained, 130 cancelled."
)


def _parameters(record: type) -> list[Parameter]:
    """Give the fields of *record* as the parameters of a function, for typer to read."""
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=field.type)
        for field in dataclasses.fields(record)
    ]


def _default(field: dataclasses.Field[object]) -> object:
    factory = field.default_factory
    if factory is not dataclasses.MISSING:
        return cast("Callable[[], object]", factory)()  # MISSING is no type that a checker can tell apart
    return Parameter.empty if field.default is dataclasses.MISSING else field.default


def _filled(record: Callable[..., R], names: Iterable[str], values: Mapping[str, object]) -> R:
    """Give *record* made from what was typed; what was not typed keeps its default."""
    return record(**{name: values[name] for name in names if values[name] is not None})


def _names(record: type) -> list[str]:
    return [field.name for field in dataclasses.fields(record)]


def _signed(function: Callable[..., object], *records: type) -> None:
    """Let typer see the fields of *records* as the parameters of *function*, after its context."""
    context = Parameter("ctx", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    fields = [parameter for record in records for parameter in _parameters(record)]
    function.__dict__["__signature__"] = Signature([context, *fields])


def _callback(command: Command) -> Callable[..., int]:
    """Give the function typer calls: it hands the typed options to the body, and gives the exit code."""

    def call(ctx: typer.Context, **values: object) -> int:
        before = cast("Mapping[str, object]", ctx.obj)  # typer leaves it untyped; `root` below put it there
        later = {name: values[name] or before[name] for name in before}
        shared = _filled(options.Shared, _names(options.Shared), later)
        given = _filled(command.options, _names(command.options), values)
        start = cast("Start", resolve("vana.entry.cli.running:start"))  # what is resolved by name has no type
        return start(command.place, given, shared)

    _signed(call, command.options, options.Shared)
    return call


def _root(ctx: typer.Context, **values: object) -> None:
    """Keep the shared options that stood before the command, for the command to take over."""
    if values.pop("version"):
        typer.echo(f"vana {resolve('vana:__version__')}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        message = "nothing was asked"
        raise TyperException(message)
    ctx.obj = values


def _prose(command: Command) -> str:
    """Give the help of *command*, each paragraph on one line, for the terminal to break."""
    paragraphs = (command.options.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _examples(command: Command) -> str:
    return "\n".join(["[bold]Examples[/bold]", *(f"[dim]$[/dim] {line}" for line in command.examples)])


def app() -> typer.Typer:
    """Give the command line as a typer app."""
    made = typer.Typer(
        name="vana",
        help=_ABOUT,
        epilog=_EXIT_CODES,
        rich_markup_mode="rich",
        add_completion=False,
        subcommand_metavar="COMMAND|TEXT [ARGS]...",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    _signed(_root, options.Root, options.Shared)
    made.callback(invoke_without_command=True)(_root)
    for command in COMMANDS:
        made.command(command.name, help=_prose(command), epilog=_examples(command))(_callback(command))
    return made


def _grammar(group: TyperGroup) -> Grammar:
    """Give the words that mean something before the command, as typer was told them."""
    alone = [option for option in group.params if isinstance(option, TyperOption) and option.is_flag]
    valued = [option for option in group.params if option not in alone]
    return Grammar(
        commands=frozenset(group.commands),
        flags=frozenset(name for option in alone for name in option.opts),
        valued=frozenset(name for option in valued for name in option.opts),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with *argv*, by default that of the process, and give the exit code."""
    make_safe()
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_stdout()
        return FAILED
    except KeyboardInterrupt:
        return CANCELLED
    return code


def _run(typed: list[str]) -> int:
    own = typed[: typed.index("--")] if "--" in typed else typed
    if "--no-color" in own:
        os.environ["NO_COLOR"] = "1"  # the way to tell rich, which draws the help
    group = get_group(app())
    words = arrange(typed, _grammar(group))
    try:
        code: object = group.main(words or ["--help"], prog_name="vana", standalone_mode=False)
    except TyperException as error:
        refuse = cast("Refuse", resolve("vana.entry.cli.refusal:refuse_words"))
        return refuse(error.format_message(), words, own)
    if not typed:
        return USAGE  # the help was shown, for nothing was asked
    return code if isinstance(code, int) else ANSWERED

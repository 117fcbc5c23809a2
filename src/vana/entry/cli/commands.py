"""Every command: its name, what it takes, where its body is, and examples that run as they stand."""

from __future__ import annotations

from dataclasses import dataclass

from vana.entry.cli import options


@dataclass(frozen=True)
class Command:
    """One command of the command line; its body is imported when it is called, never before."""

    name: str
    options: type
    """Its record in `options`; the docstring is its help."""
    place: str
    examples: tuple[str, ...]
    """Lines for a shell; each runs as it stands where the files it names are."""


COMMANDS: tuple[Command, ...] = (
    Command(
        "ask",
        options.Ask,
        "vana.entry.cli.ask:run",
        (
            'vana "Execute this Python code: print(6*7)"',
            'vana ask --json "Execute this Python code: print(6*7)"',
            "echo 'Execute this Python code: print(6*7)' | vana ask -",
        ),
    ),
    Command(
        "chat",
        options.Chat,
        "vana.entry.cli.chat:run",
        ("vana chat", "echo 'What does Ana prefer?' | vana chat", "vana chat -c"),
    ),
    Command(
        "exec",
        options.Execute,
        "vana.entry.cli.execute:run",
        (
            "vana exec -c 'print(6*7)'",
            "echo 'console.log(6*7)' | vana exec -l javascript -",
            "vana exec report.py --file sales.csv --out made -- 2024",
        ),
    ),
    Command(
        "remember",
        options.Remember,
        "vana.entry.cli.remember:run",
        ('vana remember "Ana prefers green tea"', 'vana remember "We leave at nine" --session trip'),
    ),
    Command(
        "recall",
        options.Recall,
        "vana.entry.cli.recall:run",
        ('vana recall "What does Ana prefer?"', "vana recall Ana -k 3 --json"),
    ),
    Command(
        "route",
        options.Route,
        "vana.entry.cli.route:run",
        ('vana route "What does Ana prefer?"', "echo '\"run the tests\"' | vana route --jsonl"),
    ),
    Command(
        "agents",
        options.Agents,
        "vana.entry.cli.agents:run",
        ("vana agents", "vana agents show code_execution"),
    ),
    Command("trace", options.Trace, "vana.entry.cli.tracing:run", ("vana trace", "vana trace last --json")),
    Command("doctor", options.Doctor, "vana.entry.cli.doctor:run", ("vana doctor", "vana doctor --json")),
    Command("config", options.Config, "vana.entry.cli.config:run", ("vana config", "vana config path")),
)
"""Every command, in the order of the help."""

"""The reference leaves nothing out: commands, options, settings, errors, codes, fields and public names."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.core import TyperOption
from typer.main import get_group

import vana
from tests.docs.pages import PAGES, ROOT, blocks
from vana import config
from vana.entry.cli import chat
from vana.entry.cli import exit as exits
from vana.entry.cli.program import app
from vana.entry.cli.progress import EventLines
from vana.kernel import answer, errors
from vana.kernel.errors import ModelRetry, VanaError
from vana.memory.recall import Recall
from vana.memory.tier import Hit
from vana.specialists.code_execution.outcome import Diagnosis, Execution, TestReport, TestResult

REFERENCE = ROOT / "docs" / "reference"
GROUP = get_group(app())

_FENCED = re.compile(r"^(`{3,}).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    """Give a page of the reference."""
    return (REFERENCE / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Give what stands under *heading*, down to the next one of its height or a greater one."""
    found = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,2}} |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {heading!r}"
    return found[2]


def unnamed(words: Iterable[str], text: str) -> list[str]:
    """Give those of *words* that do not stand in *text* as code, alone or with what follows them."""
    return [word for word in words if not re.search(rf"`{re.escape(word)}(?![\w-])[^`]*`", text)]


def option_names(parameters: Iterable[object]) -> Iterator[str]:
    """Give the names of options as they are typed."""
    for parameter in parameters:
        if isinstance(parameter, TyperOption):
            yield from (*parameter.opts, *parameter.secondary_opts)


def test_every_option_of_every_command_is_on_the_page_of_the_command_line():
    page = text_of("cli.md")
    shared = set(option_names(GROUP.params)) | {"--help", "-h"}
    assert unnamed(sorted(shared), section(page, "Every command")) == []
    for name, command in GROUP.commands.items():
        own = [option for option in option_names(command.params) if option not in shared]
        assert unnamed(own, section(page, f"vana {name}")) == [], name


def test_the_page_of_the_command_line_names_no_command_or_option_that_is_not_there():
    page = _FENCED.sub("", text_of("cli.md"))
    commands = re.findall(r"^## vana (\S+)$", page, re.MULTILINE)
    assert commands == list(GROUP.commands)
    there = {*option_names(GROUP.params), "--help", "-h", "--"}
    for command in GROUP.commands.values():
        there |= set(option_names(command.params))
    rows = re.findall(r"^\| `(-[^|]*)\|", page, re.MULTILINE)
    named = {option for row in rows for option in re.findall(r"--?[a-z][a-z-]*", row)}
    assert named - there == set()


def test_every_exit_code_and_slash_command_is_on_the_page_of_the_command_line():
    page = text_of("cli.md")
    rows = re.findall(r"^\| (\d+) \|", section(page, "Exit codes"), re.MULTILINE)
    assert {int(row) for row in rows} == set(exits.PRECEDENCE)
    assert ", ".join(map(str, exits.PRECEDENCE)) in page
    assert unnamed(chat.SLASH, section(page, "vana chat")) == []


def test_every_setting_stands_with_its_variable_default_and_range():
    page = text_of("config.md")
    for row in config.describe():
        variable = f"VANA_{row.key}".replace(".", "_").upper()
        default = f'"{row.default}"' if isinstance(row.default, str) else str(row.default).lower()
        allowed = row.allowed.replace("|", r"\|")
        line = f"| `{row.key}` | `{variable}` | `{default}` | {allowed} | {row.meaning} |"
        assert line in page, f"missing: {line}"


def test_the_page_of_settings_names_none_that_is_not_there():
    named = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text_of("config.md"), re.MULTILINE)
    assert named == [row.key for row in config.describe()]


def tree() -> list[type[VanaError]]:
    """Give every class of errors."""
    return [
        value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, VanaError)
    ]


def test_every_error_stands_with_its_code_and_its_exit_code():
    page = text_of("errors.md")
    drawn = next(block for block in blocks("errors.md", page) if block.language == "text").text
    for error in tree():
        code = exits.USAGE if issubclass(error, errors.UsageError) else exits.FAILED
        row = rf"^\| `{error.__name__}` \| `{error.default_code}` \|.*\| {code} \|$"
        assert re.search(row, page, re.MULTILINE), error.__name__
        assert re.search(rf"\b{error.__name__}\b", drawn), error.__name__
    assert unnamed([ModelRetry.__name__], page) == []
    classes = set(re.findall(r"^\| `([A-Z]\w+)` \|", page, re.MULTILINE))
    assert classes == {error.__name__ for error in tree()}


def codes() -> Iterator[str]:
    """Give every code that our sources write down themselves, beside those of the classes."""
    for path in sorted((ROOT / "src" / "vana").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            given = [word.value for word in node.keywords if word.arg == "code"]
            if isinstance(node.func, ast.Name) and node.func.id in {"Failure", "cls"}:
                given += node.args[:1]
            yield from (
                value.value
                for value in given
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
            )


def test_every_code_without_a_class_is_on_the_page_of_errors():
    found = set(codes())
    assert {"abstained", "cancelled", "internal", "tests_failed"} <= found
    assert unnamed(sorted(found), section(text_of("errors.md"), "Codes without a class of their own")) == []


PARTS: dict[str, tuple[type, ...]] = {
    "The JSON of an answer": (answer.Answer,),
    "understood_as": (answer.Understood,),
    "sources": (answer.Source,),
    "degraded": (answer.Degradation,),
    "usage": (answer.Usage,),
    "artifacts": (answer.Artifact,),
    "route": (answer.Route,),
    "error": (answer.Failure,),
    "Executed code": (Execution, TestReport, TestResult, Diagnosis),
}


@pytest.mark.parametrize("heading", PARTS)
def test_every_field_is_on_the_page_of_the_answer(heading: str):
    told = section(text_of("answer.md"), heading)
    for part in PARTS[heading]:
        assert unnamed([field.name for field in dataclasses.fields(part)], told) == [], part.__name__


def test_every_key_of_the_json_is_on_its_page():
    page = text_of("answer.md")
    assert unnamed(answer.Answer(None).as_json(), section(page, "The JSON of an answer")) == []
    told = section(page, "vana recall")
    assert unnamed(Recall(None, ()).as_json(), told) == []
    assert unnamed(Hit("ref", "text", "session").as_json(), told) == []


def test_every_key_of_an_event_line_is_on_its_page():
    keys = re.findall(r'^\s+"(\w+)":', inspect.getsource(EventLines.emit), re.MULTILINE)
    assert {"type", "span_id", "data"} <= set(keys)
    assert unnamed(keys, section(text_of("answer.md"), "Lines of --jsonl")) == []


@pytest.mark.parametrize("name", [*vana.__all__, "vana.testing"])
def test_every_public_name_has_a_section_with_an_example_that_uses_it(name: str):
    told = section(text_of("python.md"), name)
    examples = [block.text for block in blocks("python.md", told) if block.language == "python"]
    assert any(re.search(rf"\b{re.escape(name)}\b", example) for example in examples)


def test_the_page_of_the_api_names_nothing_that_is_not_public():
    named = re.findall(r"^## (\S+)$", _FENCED.sub("", text_of("python.md")), re.MULTILINE)
    assert sorted(named) == sorted([*vana.__all__, "vana.testing"])


# Links.


def anchors(text: str) -> set[str]:
    """Give what a link may lead to inside a page: its headings as GitHub spells them."""
    headings = (match[2] for match in _HEADING.finditer(_FENCED.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    """Give each relative link of *page* that leads nowhere."""
    broken: list[str] = []
    for link in _LINK.findall(_FENCED.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        if path and not target.exists():
            broken.append(f"{link}: there is no {path}")
        elif anchor and anchor not in anchors(text if target == page else target.read_text("utf-8")):
            broken.append(f"{link}: {path or page.name} has no heading for it")
    return broken


@pytest.mark.parametrize(
    "page",
    [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "changelog.d/README.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_relative_link_leads_somewhere(page: Path):
    assert broken_links(page, page.read_text("utf-8")) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path):
    other = tmp_path / "other.md"
    other.write_text("# One heading, `coded`\n", "utf-8")
    page = tmp_path / "page.md"
    good = "[a](other.md) [b](other.md#one-heading-coded) [c](#here) [d](https://example.org)\n# Here\n"
    assert broken_links(page, good) == []
    for bad in ("[a](no.md)", "[b](other.md#two)", "[c](#there)"):
        assert len(broken_links(page, bad)) == 1


def test_every_page_is_named_where_it_is_said_what_is_where():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text("utf-8"))}
    decisions = ROOT / "docs" / "why" / "decisions"
    left_out = [
        page for page in PAGES[1:] if page not in linked and page != index and decisions not in page.parents
    ]
    assert left_out == []

"""The house, kept: every rule of docs/why/house.md that a machine can judge, each a test of its own."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from packaging.requirements import Requirement

from tests import house
from tests.conftest import not_run
from tests.house import Rule, Source
from vana.plugins import resolve

ROOT = Path(__file__).parent.parent
OURS = house.read(ROOT / "src" / "vana", ROOT)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FLOORS = [
    [room.strip(" ()") for room in floor.split("|")]
    for floor in next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "floors")[
        "layers"
    ]
]

PROTOCOLS = {
    "starlette",
    "uvicorn",
    "ag_ui",
    "mcp",
    "a2a",
    "aiohttp",
    "httpx",
    "httpx2",
    "openai",
    "opentelemetry",
}
NOT_FOR_HELP = PROTOCOLS | {"pydantic", "pydantic_core", "numpy", "prompt_toolkit", "dbos", "psycopg"}

NOT_MIRRORED = {"contracts", "faults", "typing", "docs", "examples", "benchmarks", "browser", "conformance"}
"""Folders of tests that are about more than one source file."""


def up(files: house.Files) -> list[str]:
    """Give the arrows up by the floors of pyproject.toml."""
    return house.arrows_up(files, FLOORS)


RULES = [
    house.long_files,
    house.long_functions,
    house.long_median,
    house.many_parameters,
    house.much_any,
    house.broad_excepts,
    house.vague_names,
    house.hidden_imports,
    house.front_door_imports,
    house.undocumented,
    house.foreign_in_kernel,
    house.circles,
    up,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_files_keep_the_rule(rule: Rule):
    none_broken(rule(OURS))


def none_broken(complaints: list[str]) -> None:
    """Fail with every complaint on a line of its own."""
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def planted(text: str, module: str = "vana.layers.planted") -> Source:
    """Give a file of that text that keeps every rule otherwise."""
    return Source(module, f"src/{module.replace('.', '/')}.py", f'"""A planted file."""\n\n{text}\n')


LONG = "\n".join("    x = 1" for _ in range(60))
BREACHES: list[tuple[Rule, str]] = [
    (house.long_files, "\n".join("X = 1" for _ in range(400))),
    (house.long_functions, f"def work():\n{LONG}"),
    (house.long_median, f"def work():\n{LONG}"),
    (house.many_parameters, "def work(a, b, c, d, *, e, f, g, h): ..."),
    (house.much_any, "from typing import Any\nx: Any = 1"),
    (house.broad_excepts, "try:\n    x = 1\nexcept (OSError, Exception):\n    x = 2"),
    (house.broad_excepts, "try:\n    x = 1\nexcept:\n    x = 2"),
    (house.broad_excepts, "with contextlib.suppress(Exception):\n    x = 1"),
    (house.hidden_imports, "def work():\n    from vana.kernel import clock"),
    (house.front_door_imports, "from vana import Vana"),
    (house.undocumented, "class Public:\n    '''A class.'''\n    def method(self): ..."),
    (up, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vana.app import Vana"),
]


@pytest.mark.parametrize(("rule", "text"), BREACHES, ids=lambda part: getattr(part, "__name__", None))
def test_the_rule_breaks_where_it_is_broken(rule: Rule, text: str):
    app = planted("Vana = 1", "vana.app")
    clock = planted("", "vana.kernel.clock")
    assert rule([planted("x = 1"), app, clock]) == []
    assert rule([planted(text), app, clock])


def test_a_vague_module_name_is_found():
    assert house.vague_names([planted("", "vana.layers.utils")])


def test_a_library_in_the_kernel_is_found():
    assert house.foreign_in_kernel([planted("import pydantic", "vana.kernel.planted")])


def test_a_ring_that_only_the_type_checker_sees_is_found_with_its_lines():
    here = planted("import vana.kernel.there", "vana.kernel.here")
    there = planted("if TYPE_CHECKING:\n    from vana.kernel.here import x", "vana.kernel.there")
    (ring,) = house.circles([here, there])
    assert "src/vana/kernel/there.py:4: vana.kernel.there → vana.kernel.here" in ring


def test_what_catches_only_to_raise_again_is_no_broad_except():
    assert (
        house.broad_excepts([planted("try:\n    x = 1\nexcept BaseException:\n    x = 2\n    raise")]) == []
    )


def test_every_test_file_stands_where_its_source_stands():
    tests = [path.relative_to(ROOT) for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    mirrored = [str(t) for t in tests if t.parts[1] not in NOT_MIRRORED and t.name != Path(__file__).name]
    none_broken(house.unmirrored(mirrored, OURS))


# What a user's Python sees.


PROBE = """
import json, sys
before = set(sys.modules)
try:
    {code}
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded_by(code: str) -> set[str]:
    """Give the top-level names of what a fresh Python loads for *code*."""
    run = [sys.executable, "-c", PROBE.format(code=code)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_import_vana_loads_no_third_party_module():
    assert loaded_by("import vana") - sys.stdlib_module_names == {"vana"}


def test_help_loads_neither_pydantic_nor_numpy_nor_a_protocol():
    loaded = loaded_by("from vana.entry.cli import main; sys.argv = ['vana', '--help']; main()")
    assert "typer" in loaded
    assert loaded & NOT_FOR_HELP == set()


def test_every_public_name_is_sorted_importable_and_documented():
    vana = importlib.import_module("vana")
    names = cast("list[str]", vana.__all__)
    assert names == sorted(names)
    for name in names:
        own = (
            vars(value).get("__doc__")
            if inspect.isclass(value := getattr(vana, name))
            else inspect.getdoc(value)
        )
        assert own, f"vana.{name} has no docstring"


def test_every_built_in_part_is_where_its_entry_point_says():
    for group, parts in PROJECT["project"]["entry-points"].items():
        for name, place in parts.items():
            assert resolve(place) is not None, f"{group}: {name}"


# What our texts say.


@cache
def texts() -> dict[str, str]:
    """Give every text file of the project by its path: what is committed, and what will be."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if not (ROOT / ".git").exists():
        not_run("this is no git checkout: which files belong to the project is not known")
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    contents = {path: path.read_bytes() for path in paths if path.is_file()}
    return {
        str(p.relative_to(ROOT)): c.decode("utf-8", "replace") for p, c in contents.items() if b"\0" not in c
    }


def found(pattern: str) -> list[tuple[str, re.Match[str]]]:
    """Give each match of *pattern* in our texts with its `file:line`."""
    return [
        (f"{path}:{text.count(chr(10), 0, match.start()) + 1}", match)
        for path, text in texts().items()
        for match in re.finditer(pattern, text)
    ]


def test_no_text_installs_the_package_of_somebody_else():
    wrong = found(r"(?:(?<!un)install|\badd)\s+(?:-\S+\s+)*['\"]?vana(?![-\w.])")
    none_broken([f"{place}: {match[0]!r}; ours is vana-agents" for place, match in wrong])


def test_every_hint_names_an_extra_that_exists():
    extras = PROJECT["project"]["optional-dependencies"]
    hints = [
        (place, extra.strip())
        for place, match in found(r"vana-agents\[([^\]{}]+)\]")
        for extra in match[1].split(",")
    ]
    assert hints, "the hints are no longer found"
    none_broken([f"{place}: there is no extra {extra!r}" for place, extra in hints if extra not in extras])


# Written so that no pattern finds itself.
ADDRESSES = {
    "registry": r"pypi[.]org/simple|pythonhosted[.]org|registry[.](?:npmjs|yarnpkg)",
    "index": r"(?<!no-emit)--?(?:extra-)?(?:index-url|find-links)\b|\b(?:extra-)?index-url\s*=",
    "download": r"https?://[^\s\"']*(?:/simple\b|/packages/|[.]whl\b|[.]tgz\b|[.]deb\b)",
    "folder": r"file[:]///",
    "machine": r"/root/[.](?:pyenv|cache)|/work/(?:main|shared|[.])|/tmp/(?:probe|bash)|/opt/(?:wheels|pypi)",
}


@pytest.mark.parametrize("kind", ADDRESSES)
def test_no_text_names_an_address(kind: str):
    none_broken([f"{place}: {match[0]!r}" for place, match in found(ADDRESSES[kind])])


# What is installed, and what is built.


@cache
def locked(name: str) -> dict[str, set[str]]:
    """Give the versions that a lock file names for each package, each with its hashes."""
    versions: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / "requirements" / name).read_text("utf-8")):
        if not entry.startswith("#"):
            pinned = re.match(r"([\w.-]+)==(\S+)", entry)
            assert pinned, f"{name}: {entry} has no version"
            assert "--hash=sha256:" in entry, f"{name}: {entry} has no hash"
            versions.setdefault(pinned[1], set()).add(pinned[2])
    return versions


def test_development_holds_all_that_the_demo_holds_in_the_same_versions():
    dev = locked("dev.txt")
    assert {name: dev.get(name) for name in locked("demo.txt")} == locked("demo.txt")
    assert "torch" not in dev


def test_the_lock_fits_what_the_project_asks_for():
    project = PROJECT["project"]
    extras = (project["optional-dependencies"][extra] for extra in ("data", "architecture", "serve"))
    asked_for = cast("list[str]", [*project["dependencies"], *itertools.chain(*extras)])
    for asked in map(Requirement, asked_for):
        versions = locked("demo.txt").get(asked.name.lower().replace("_", "-"), {"none"})
        unfit = [version for version in versions if version not in asked.specifier]
        assert not unfit, f"{asked} is locked as {unfit}: run `make lock`"


@pytest.mark.real
def test_the_wheel_carries_the_filters_of_the_sandbox_and_its_types(tmp_path: Path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    filters = {
        f"vana/sandbox/profiles/{path.name}" for path in (ROOT / "src/vana/sandbox/profiles").iterdir()
    }
    assert filters
    assert filters | {"vana/py.typed"} <= carried


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("kernel/plain.py", "import vana.app", "A package imports only what lies below it"),
        (
            "kernel/plain.py",
            "if TYPE_CHECKING:\n    import vana.agents",
            "A package imports only what lies below it",
        ),
        ("layers/stack.py", "import vana.layers.stack_twin", None),
        ("agents/router.py", "import pydantic", "Pydantic stands at three borders"),
        ("kernel/plain.py", "import vana.layers.stack", "No package leads back to itself"),
    ],
)
def test_a_planted_import_breaks_the_contract(tmp_path: Path, file: str, line: str, broken: str | None):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    (tmp_path / "src/vana/layers/stack_twin.py").write_text('"""A harmless neighbour."""\n', "utf-8")
    place = tmp_path / "src/vana" / file
    place.write_text(f"{place.read_text('utf-8')}\n{line}\n", "utf-8")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            "--no-cache",
            "--config",
            str(ROOT / "pyproject.toml"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.*\S) (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    if broken is None:
        assert set(verdicts.values()) == {"KEPT"}, done.stdout
    else:
        assert any(name.startswith(broken) and verdict == "BROKEN" for name, verdict in verdicts.items()), (
            done.stdout
        )

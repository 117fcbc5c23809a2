"""Settings: one frozen tree, from a file, the environment and arguments, later ones winning.

`vana.toml` < `VANA_SECTION_KEY` < arguments. A wrong setting is an error that names where it stands, its key
and what it may be.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vana.kernel.errors import ConfigError

SCHEMA = 1
"""Version of the settings file. A file without `schema` is of the newest."""

FILE_NAME = "vana.toml"
RESERVED = frozenset({"VANA_HOME", "VANA_CONFIG", "VANA_PROOF"})
"""Variables that are no settings: where things lie, and the counts of the test suite."""


class Section(BaseModel):
    """A part of the settings; nothing unknown, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunSettings(Section):
    """How long and how much."""

    timeout: float = Field(default=120.0, gt=0, description="seconds one request may take")
    max_turns: int = Field(default=16, gt=0, le=1000, description="model turns of one agent")


class SandboxSettings(Section):
    """Where code runs, and the limits of one program."""

    level: Literal["high", "max", "unsafe_local"] = Field(
        default="high",
        description="weakest isolation accepted; unsafe_local is none at all and runs only when set here",
    )
    wall: float = Field(default=10.0, gt=0, le=3600, description="seconds a program may take")
    cpu: float = Field(default=20.0, gt=0, le=7200, description="seconds of processor time")
    memory_mb: int = Field(default=512, ge=32, description="MiB of memory of all its processes")
    processes: int = Field(default=64, ge=4, description="processes and threads at once")
    disk_mb: int = Field(default=128, ge=1, description="MiB it may write")
    output_kb: int = Field(default=1024, ge=1, description="KiB kept of each output stream")


class MemorySettings(Section):
    """How sure a level of memory must be before it answers."""

    session_floor: float = Field(
        default=0.8, ge=0, le=1, description="probability from which this conversation answers"
    )
    knowledge_floor: float = Field(default=0.7, ge=0, le=1, description="probability from which facts answer")


class ModelSettings(Section):
    """The model that thinks where no rule does."""

    name: str = Field(default="rules", min_length=1, description="a name of the group vana.models")


class JournalSettings(Section):
    """What is written down of runs."""

    enabled: bool = Field(default=True, description="keep the events of runs, for `vana trace`")


class Settings(Section):
    """All settings."""

    schema_version: Literal[1] = Field(
        default=SCHEMA, alias="schema", description="version of the settings file"
    )
    run: RunSettings = RunSettings()
    sandbox: SandboxSettings = SandboxSettings()
    memory: MemorySettings = MemorySettings()
    model: ModelSettings = ModelSettings()
    journal: JournalSettings = JournalSettings()


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as a person sees it."""

    key: str
    value: object
    default: object
    allowed: str
    meaning: str
    origin: str


def default_home() -> Path:
    """Give the data folder: `VANA_HOME`, else `vana` in the XDG data folder."""
    named = os.environ.get("VANA_HOME")
    if named:
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "vana"


def config_file(home: Path, file: Path | None = None) -> Path:
    """Give the settings file: *file*, else `VANA_CONFIG`, else `vana.toml` in *home*."""
    named = os.environ.get("VANA_CONFIG")
    return file or (Path(named).expanduser() if named else home / FILE_NAME)


def load(
    *, home: Path | None = None, file: Path | None = None, overrides: Mapping[str, object] | None = None
) -> Settings:
    """Give the settings of the file, the environment and *overrides* (`"sandbox.wall": 5`).

    Raises:
        ConfigError: the file cannot be read, or a key or value is not one there is; the message says where.
    """
    path = config_file(home or default_home(), file)
    is_named = file is not None or bool(os.environ.get("VANA_CONFIG"))
    layers = [(str(path), _from_file(path, required=is_named)), *_from_environment()]
    layers += [(f"argument {key}", _nested(key, value)) for key, value in (overrides or {}).items()]
    merged: dict[str, object] = {}
    for origin, layer in layers:
        merged = _merge(merged, layer)
        _validated(merged, origin)
    return _validated(merged, "the defaults")


def describe(*, home: Path | None = None, file: Path | None = None) -> tuple[Row, ...]:
    """Give every setting with its value, what it may be, and where the value comes from.

    Raises:
        ConfigError: as `load`.
    """
    current = load(home=home, file=file)
    path = config_file(home or default_home(), file)
    origins = dict.fromkeys(_leaves(_from_file(path, required=False)), str(path))
    for origin, layer in _from_environment():
        origins.update(dict.fromkeys(_leaves(layer), origin))
    return tuple(_rows(current, origins))


def _rows(current: Settings, origins: Mapping[str, str]) -> Iterator[Row]:
    for section, key in _keys():
        held = cast("Section", getattr(current, section))  # every section of Settings is one
        field = type(held).model_fields[key]
        name = f"{section}.{key}"
        allowed = _allowed(type(held), key)
        origin = origins.get(name, "default")
        yield Row(name, getattr(held, key), field.default, allowed, field.description or "", origin)


def _allowed(section: type[Section], key: str) -> str:
    described = cast("dict[str, object]", section.model_json_schema()["properties"][key])
    if "enum" in described:
        return " | ".join(map(str, cast("list[object]", described["enum"])))
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {described[word]}" for word, sign in signs.items() if word in described]
    return " ".join([str(described.get("type", "")), *bounds]).strip()


def _keys() -> Iterator[tuple[str, str]]:
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from ((section, key) for key in kind.model_fields)


def _from_file(path: Path, *, required: bool) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows begin with a BOM
    except (FileNotFoundError, NotADirectoryError) as error:
        if not required:
            return {}
        message = f"there is no settings file {path}"
        raise ConfigError(message, hint="name one that exists, or none at all") from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise ConfigError(message, hint="it must be a text file in UTF-8 that you may read") from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path} is not valid TOML: {error}"
        raise ConfigError(message, hint="sections look like [sandbox], settings like wall = 10") from error


def _from_environment() -> list[tuple[str, dict[str, object]]]:
    known = {f"VANA_{section}_{key}".upper(): f"{section}.{key}" for section, key in _keys()}
    layers: list[tuple[str, dict[str, object]]] = []
    for variable, text in sorted(os.environ.items()):
        if not variable.startswith("VANA_") or variable in RESERVED:
            continue
        if variable not in known:
            message = f"the environment variable {variable} is no setting"
            raise ConfigError(message, hint=_nearest(variable, known))
        layers.append((f"the environment variable {variable}", _nested(known[variable], text)))
    return layers


def _nested(key: str, value: object) -> dict[str, object]:
    section, _, name = key.partition(".")
    return {section: {name: value}} if name else {section: value}


def _merge(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    merged = dict(under)
    for key, value in over.items():
        held = merged.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            merged[key] = _merge(cast("dict[str, object]", held), cast("dict[str, object]", value))
        else:
            merged[key] = value
    return merged


def _leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(cast("dict[str, object]", value), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _validated(merged: Mapping[str, object], origin: str) -> Settings:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        known = [f"{section}.{name}" for section, name in _keys()]
        if fault["type"] == "extra_forbidden":
            message = f"{origin}: there is no setting {key}"
            raise ConfigError(message, hint=_nearest(key, known)) from error
        allowed = next((row for row in known if row == key), None)
        section, _, name = key.partition(".")
        told = f"it may be: {_allowed(_section(section), name)}" if allowed else "see `vana config`"
        message = f"{origin}: {key} = {fault['input']!r} is not allowed: {fault['msg']}"
        raise ConfigError(message, hint=told) from error


def _section(name: str) -> type[Section]:
    return cast("type[Section]", Settings.model_fields[name].annotation)


def _nearest(name: str, known: Mapping[str, str] | list[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"{guess}all settings: `vana config`"

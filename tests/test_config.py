from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from vana.config import FILE_NAME, Row, Settings, config_file, default_home, describe, load
from vana.kernel.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def write(home: Path, text: str | bytes, name: str = FILE_NAME) -> Path:
    path = home / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(home: Path, **overrides: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(home=home, overrides={key.replace("__", "."): value for key, value in overrides.items()})
    return caught.value


def row(home: Path, key: str) -> Row:
    return next(one for one in describe(home=home) if one.key == key)


def test_without_a_file_everything_has_its_default(home: Path):
    settings = load(home=home)
    assert settings == Settings()
    assert (settings.run.timeout, settings.sandbox.level, settings.model.name) == (120.0, "high", "rules")


def test_the_environment_goes_over_the_file_and_arguments_over_both(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    write(home, "[sandbox]\nwall = 1\ncpu = 1\nmemory_mb = 100\n")
    monkeypatch.setenv("VANA_SANDBOX_CPU", "2")
    monkeypatch.setenv("VANA_SANDBOX_MEMORY_MB", "200")
    sandbox = load(home=home, overrides={"sandbox.memory_mb": 300}).sandbox
    assert (sandbox.wall, sandbox.cpu, sandbox.memory_mb) == (1.0, 2.0, 300)


def test_settings_do_not_change(home: Path):
    settings = load(home=home)
    with pytest.raises(ValidationError):
        settings.run.timeout = 1.0


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (
            "[sandbox]\nwal = 1\n",
            "there is no setting sandbox.wal",
            "did you mean sandbox.wall? all settings: `vana config`",
        ),
        ("[sandbx]\nwall = 1\n", "there is no setting sandbx", None),
        (
            "[sandbox]\nlevel = 'low'\n",
            "sandbox.level = 'low' is not allowed",
            "it may be: high | max | unsafe_local",
        ),
        ("[sandbox]\nwall = 0\n", "sandbox.wall = 0 is not allowed", "it may be: number > 0 ≤ 3600"),
        ("[sandbox]\nwall = nan\n", "sandbox.wall = nan is not allowed", "it may be: number > 0 ≤ 3600"),
        ("[run]\nmax_turns = 2.5\n", "run.max_turns = 2.5 is not allowed", "it may be: integer > 0 ≤ 1000"),
        (
            "[journal]\nenabled = 'perhaps'\n",
            "journal.enabled = 'perhaps' is not allowed",
            "it may be: boolean",
        ),
        ("run = 5\n", "run = 5 is not allowed", "see `vana config`"),
        ("schema = 2\n", "schema = 2 is not allowed", None),
        ("[sandbox\n", "is not valid TOML", "sections look like [sandbox], settings like wall = 10"),
    ],
)
def test_a_wrong_file_is_an_error_with_its_path_key_and_what_is_allowed(
    home: Path, text: str, said: str, hint: str | None
):
    path = write(home, text)
    error = refused(home)
    assert str(path) in error.message
    assert said in error.message
    assert hint is None or error.hint == hint


def test_a_wrong_argument_is_told_apart_from_the_file(home: Path):
    write(home, "[sandbox]\nwall = 1\n")
    assert refused(home, sandbox__wall="soon").message.startswith(
        "argument sandbox.wall: sandbox.wall = 'soon'"
    )
    assert refused(home, sandbox__wol=1).message == "argument sandbox.wol: there is no setting sandbox.wol"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "VANA_SANDBOX_WALL",
            "long",
            "the environment variable VANA_SANDBOX_WALL: sandbox.wall = 'long' is not allowed",
        ),
        (
            "VANA_SANDBOX_WALL",
            "",
            "the environment variable VANA_SANDBOX_WALL: sandbox.wall = '' is not allowed",
        ),
        ("VANA_SANDBOX_WAL", "1", "the environment variable VANA_SANDBOX_WAL is no setting"),
        ("VANA_SANDBOX", "1", "the environment variable VANA_SANDBOX is no setting"),
    ],
)
def test_a_wrong_variable_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
):
    monkeypatch.setenv(variable, value)
    error = refused(home)
    assert error.message.startswith(said)
    assert error.hint is not None


def test_a_mistyped_variable_is_answered_with_the_nearest(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VANA_SANDBOX_MEMORY", "64")
    assert (refused(home).hint or "").startswith("did you mean VANA_SANDBOX_MEMORY_MB?")


def test_the_variables_that_are_no_settings_are_let_be(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VANA_PROOF", "1")
    assert load(home=home) == Settings()


@pytest.mark.parametrize("word", ["false", "0", "no", "off", "False"])
def test_a_switch_is_set_by_a_word(home: Path, monkeypatch: pytest.MonkeyPatch, word: str):
    monkeypatch.setenv("VANA_JOURNAL_ENABLED", word)
    assert load(home=home).journal.enabled is False


@pytest.mark.parametrize("content", [b"\x00\xff\xfe", b"[run]\ntimeout = 5 # \xe9\n"])
def test_a_file_that_is_no_text_is_an_error(home: Path, content: bytes):
    path = write(home, content)
    error = refused(home)
    assert str(path) in error.message
    assert "UTF-8" in str(error.hint)


def test_a_folder_is_no_settings_file(home: Path):
    (home / FILE_NAME).mkdir()
    error = refused(home)
    assert str(home / FILE_NAME) in error.message
    assert "cannot be read" in error.message


def test_a_byte_order_mark_is_passed_over(home: Path):
    write(home, b"\xef\xbb\xbf[run]\ntimeout = 5\n")
    assert load(home=home).run.timeout == 5.0


def test_an_empty_file_sets_nothing(home: Path):
    write(home, "")
    assert load(home=home) == Settings()


def test_a_file_may_say_its_version(home: Path):
    write(home, "schema = 1\n[run]\ntimeout = 5\n")
    assert load(home=home).run.timeout == 5.0


def test_a_file_that_is_named_must_be_there(home: Path, monkeypatch: pytest.MonkeyPatch):
    absent = home / "absent.toml"
    with pytest.raises(ConfigError, match="there is no settings file") as caught:
        load(home=home, file=absent)
    assert str(absent) in caught.value.message
    monkeypatch.setenv("VANA_CONFIG", str(absent))
    assert str(absent) in refused(home).message


def test_the_file_is_the_argument_or_the_variable_or_in_the_home(home: Path, monkeypatch: pytest.MonkeyPatch):
    assert config_file(home) == home / FILE_NAME
    monkeypatch.setenv("VANA_CONFIG", str(home / "env.toml"))
    assert config_file(home) == home / "env.toml"
    assert config_file(home, home / "own.toml") == home / "own.toml"


def test_the_home_is_the_variable_or_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VANA_HOME", str(tmp_path / "a"))
    assert default_home() == tmp_path / "a"
    monkeypatch.setenv("VANA_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert default_home() == tmp_path / "xdg" / "vana"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_home() == tmp_path / ".local" / "share" / "vana"
    monkeypatch.setenv("VANA_HOME", "~/mine")
    assert default_home() == tmp_path / "mine"


def test_every_setting_is_described_with_its_bounds_and_meaning(home: Path):
    rows = describe(home=home)
    assert [one.key for one in rows][:2] == ["run.timeout", "run.max_turns"]
    assert all(one.meaning and one.allowed and one.origin == "default" for one in rows)
    assert row(home, "sandbox.level").allowed == "high | max | unsafe_local"
    assert row(home, "memory.session_floor").allowed == "number ≥ 0 ≤ 1"


def test_a_described_setting_says_where_its_value_comes_from(home: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(home, "[run]\ntimeout = 5\nmax_turns = 3\n")
    monkeypatch.setenv("VANA_RUN_MAX_TURNS", "4")
    timeout, turns = row(home, "run.timeout"), row(home, "run.max_turns")
    assert (timeout.value, timeout.default, timeout.origin) == (5.0, 120.0, str(path))
    assert (turns.value, turns.origin) == (4, "the environment variable VANA_RUN_MAX_TURNS")


def test_reading_settings_makes_no_folder(tmp_path: Path):
    assert load(home=tmp_path / "nowhere") == Settings()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "fixture",
    sorted((Path(__file__).parent / "fixtures" / "config").glob("v*.toml")),
    ids=lambda path: path.stem,
)
def test_a_file_of_every_version_that_was_ever_released_is_still_read(fixture: Path):
    settings = load(file=fixture)
    assert settings != Settings()

"""The app as a command gets it: settings from file, environment and flags; events to the command's face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vana.app.vana import Vana
from vana.config import Settings, default_home, load

if TYPE_CHECKING:
    from vana.entry.cli.face import Face


def home_of(face: Face) -> Path:
    """Give the data folder: that of `--home`, else the default."""
    named = face.shared.home
    return named.expanduser() if named is not None else default_home()


def settings_of(face: Face, overrides: Mapping[str, object] | None = None) -> Settings:
    """Give the settings, *overrides* (`"sandbox.wall": 5`) last.

    Raises:
        ConfigError: one is wrong; the message says where it stands and what it may be.
    """
    return load(home=home_of(face), file=face.shared.config, overrides=overrides)


def opened(face: Face, settings: Settings | None = None) -> Vana[None]:
    """Give the app for one command, to be used with `async with`.

    Raises:
        ConfigError: a setting is wrong.
    """
    return Vana(home=home_of(face), settings=settings or settings_of(face), listen=face.events)

"""Files that a program made, saved where a person wants them: in one folder, over nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from vana.kernel.answer import Answer, Artifact, Failure
from vana.kernel.errors import InputError, StoreFailed, VanaError
from vana.sandbox.artifacts import is_inside

T = TypeVar("T")


def save(answer: Answer[T], folder: Path) -> Answer[T]:
    """Give *answer* with the path of each of its files, saved under *folder* by its own name.

    What cannot be saved keeps the path it had, and makes the answer a failed one that says why; the others
    are saved all the same.
    """
    saved: list[Artifact] = []
    trouble: list[VanaError] = []
    for artifact in answer.artifacts:
        try:
            path = write_new(folder, artifact.name, _content(artifact))
        except VanaError as error:
            saved.append(artifact)
            trouble.append(error)
        else:
            saved.append(replace(artifact, path=str(path)))
    answer = replace(answer, artifacts=tuple(saved))
    if not trouble or answer.status != "answered":
        return answer
    return replace(answer, status="failed", error=Failure.of(trouble[0]))


def _content(artifact: Artifact) -> bytes:
    try:
        return Path(artifact.path or "").read_bytes()
    except OSError as error:
        message = f"{artifact.name}, which the program made, is not kept: {(error.strerror or '').lower()}"
        raise StoreFailed(message, hint="vana doctor tests the data folder") from error


def write_new(folder: Path, name: str, content: bytes) -> Path:
    """Write *content* as the new file *name* under *folder*, which is made where it is missing.

    Raises:
        InputError: *name* leads out of *folder*, by `..` or by a link.
        StoreFailed: it is there already, or cannot be written.
    """
    target = folder / name
    if not is_inside(name):
        message = f"{name!r} would lead out of {folder}"
        raise InputError(message, hint="it was not saved")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _make_parents(folder, target)
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        message = f"{error.filename or target} is there already"
        raise StoreFailed(
            message, hint="nothing is overwritten: take it away, or name another place"
        ) from error
    except OSError as error:
        message = f"{target} cannot be written: {(error.strerror or str(error)).lower()}"
        raise StoreFailed(message, hint="name an --out that you may write to and that has room") from error
    return target


def _make_parents(folder: Path, target: Path) -> None:
    """Make the folders between *folder* and *target*, none of them through a link."""
    for parent in reversed(target.relative_to(folder).parents[:-1]):
        step = folder / parent
        if step.is_symlink():
            message = f"{step} is a link, which could lead out of {folder}"
            raise InputError(message, hint="name another --out")
        step.mkdir(exist_ok=True)

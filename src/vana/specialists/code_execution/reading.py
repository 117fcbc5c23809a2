"""Reading a request for the tools that run code: what is wanted, and the code it is wanted with.

The code comes out of the text, a file that is named, what was piped in, or what was said before; it is never
made up. What the words want done decides which tool is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from vana.kernel.reading import Reading, Utterance
from vana.specialists.code_execution.excerpt import Excerpt, Piece, take_apart
from vana.specialists.code_execution.idiom import SUFFIXES, guess, is_code, named
from vana.specialists.code_execution.intent import (
    Wish,
    is_question,
    is_told_to_run,
    points_at_code,
    wish_of,
)

NO_CODE = "the request holds no code: put it in a fenced block, after a colon, or name a file"
NO_TESTS = "the request holds no tests: put them in a fenced block, or name their file"
SEVERAL_LANGUAGES = "the request holds code in several languages; give one of them"
SEVERAL_PROGRAMS = "several programs came along; say which one is meant"
ONLY_PYTHON = "tests are run in Python only"
WRITING = "writing code needs a language model; without one, only code that is given is run"

_FILE = re.compile(
    rf"(?<![\w/.-])([\w./~-]*\w(?:{'|'.join(map(re.escape, SUFFIXES))}))(?![\w/-]|\.\w)", re.IGNORECASE
)
_STARTED = re.compile(r"^\W*(?:python3?|node|bash|sh|\./)\s*\S+\s*$", re.IGNORECASE)
_SAID_BEFORE = re.compile(
    r"\b(?:it|that|this|these|them|again|same|code|script|program|tests?)\b", re.IGNORECASE
)
_TESTING = re.compile(r"^\s*(?:async\s+)?def test|^\s*class \w+\(.*TestCase\)|^assert ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Found:
    """The code a request is about, and where it stood."""

    pieces: tuple[Piece, ...]
    place: str

    @property
    def code(self) -> str:
        """Give all pieces in order."""
        return "\n".join(piece.code for piece in self.pieces)

    @property
    def language(self) -> str:
        """Give the language of the first piece."""
        return self.pieces[0].language


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted, and with which code: `missing` says why there is none."""

    wish: Wish | None
    found: Found | None = None
    missing: str | None = None


def read_execute(said: Utterance) -> Reading | None:
    """Read a request to run code."""
    request = understand(said)
    if request.wish == "write":
        return Reading(missing=WRITING)
    if request.wish != "run":
        return None
    return _complete(request, said, {"language"}, weight=1)


def read_debug(said: Utterance) -> Reading | None:
    """Read a request to find out why code fails."""
    request = understand(said)
    return _complete(request, said, {"language"}, weight=2) if request.wish == "debug" else None


def read_tests(said: Utterance) -> Reading | None:
    """Read a request to run tests: one piece is code with its tests, of two one holds the tests."""
    request = understand(said)
    if request.wish != "test":
        return None
    found = request.found
    if found is not None and found.language != "python":
        return Reading(missing=ONLY_PYTHON, weight=2)
    if found is None or len(found.pieces) != 2:  # noqa: PLR2004 - the code and the tests
        return _complete(request, said, set(), weight=2)
    code, tests = (piece.code for piece in found.pieces)
    if _TESTING.search(code) and not _TESTING.search(tests):
        code, tests = tests, code
    return _with_inputs({"code": code, "tests": tests}, said, found, weight=2)


def read_list(said: Utterance) -> Reading | None:
    """Read a request for the languages that can be run."""
    return Reading(weight=2) if understand(said).wish == "list" else None


def understand(said: Utterance) -> Request:
    """Give what *said* wants done with code; the wish is `None` when it wants nothing of the kind."""
    excerpt = take_apart(said.text)
    wish = _wish(excerpt, said)
    if wish not in ("run", "debug", "test"):
        return Request(wish)
    if len({piece.language for piece in excerpt.pieces}) > 1:
        return Request(wish, missing=SEVERAL_LANGUAGES)
    found = _named_file(excerpt, said) or _in_text(excerpt)
    if found is not None:
        return Request(wish, found)
    absent = [name for name in _FILE.findall(excerpt.words) if name not in said.files]
    if absent:
        return Request(wish, missing=f"there is no file {absent[0]} here")
    return _elsewhere(wish, excerpt.words, said)


def _wish(excerpt: Excerpt, said: Utterance) -> Wish | None:
    """Give what is wanted. Code with no wish beside it is to be run, unless the words ask something else."""
    wish = wish_of(excerpt.words)
    if wish is not None:
        return wish
    if excerpt.pieces:
        return None if is_question(excerpt.words) else "run"
    return "run" if _STARTED.match(said.text) and _FILE.search(said.text) else None


def _in_text(excerpt: Excerpt) -> Found | None:
    return Found(excerpt.pieces, "text") if excerpt.pieces else None


def _named_file(excerpt: Excerpt, said: Utterance) -> Found | None:
    """Give the program among the files that the words name; code set off in the text goes before it."""
    if excerpt.is_marked and excerpt.pieces:
        return None
    programs = [name for name in _programs(said.files) if name in excerpt.words]
    tests = [name for name in programs if _is_test_file(name)]
    chosen = (tests if wish_of(excerpt.words) == "test" else []) or programs
    return _from_file(min(chosen, key=excerpt.words.index), said) if chosen else None


def _elsewhere(wish: Wish, words: str, said: Utterance) -> Request:
    """Look for code outside the text: the one program that came along, what was piped in, what was said."""
    programs = _programs(said.files)
    if len(programs) > 1 and points_at_code(words):
        return Request(wish, missing=SEVERAL_PROGRAMS)
    if programs:
        return Request(wish, _from_file(programs[0], said)) if _is_meant(words) else Request(None)
    if said.context.strip() and _is_meant(words) and (named(words) or is_code(said.context)):
        piece = Piece(said.context, named(words) or guess(said.context))
        return Request(wish, Found((piece,), "standard input"))
    earlier = _said_before(words, said) if _is_meant(words) else None
    if earlier is not None:
        return Request(wish, earlier)
    if points_at_code(words) or (wish == "test" and is_told_to_run(words)):
        return Request(wish, missing=NO_TESTS if wish == "test" else NO_CODE)
    return Request(None)


def _is_meant(words: str) -> bool:
    """Say whether *words* can speak of code that is not in them."""
    return points_at_code(words) or _SAID_BEFORE.search(words) is not None


def _said_before(words: str, said: Utterance) -> Found | None:
    language = named(words)
    for text in reversed(said.earlier):
        pieces = take_apart(text).pieces
        if pieces and language in (None, pieces[0].language):
            return Found(pieces, "conversation")
    return None


def _programs(files: Mapping[str, bytes]) -> list[str]:
    return [name for name in files if PurePosixPath(name).suffix.lower() in SUFFIXES]


def _is_test_file(name: str) -> bool:
    stem = PurePosixPath(name).stem
    return stem.startswith("test") or stem.endswith(("_test", "_tests"))


def _from_file(name: str, said: Utterance) -> Found:
    language = SUFFIXES[PurePosixPath(name).suffix.lower()]
    return Found((Piece(said.files[name].decode("utf-8-sig", "replace"), language),), f"file {name}")


def _complete(request: Request, said: Utterance, also: set[str], *, weight: int) -> Reading:
    """Give the call that is stated, or what keeps it from being made."""
    found = request.found
    if found is None:
        return Reading(missing=request.missing or NO_CODE, weight=weight)
    arguments: dict[str, object] = {"code": found.code}
    if "language" in also:
        arguments["language"] = found.language
    return _with_inputs(arguments, said, found, weight=weight)


def _with_inputs(arguments: dict[str, object], said: Utterance, found: Found, *, weight: int) -> Reading:
    """Give the reading with the files that came along and are not the program, for its working folder."""
    inputs: dict[str, bytes] = {}
    for name, content in said.files.items():
        place = _inside(name)
        if place in inputs:
            return Reading(
                missing=f"two files would be {place} in the working folder; rename one", weight=weight
            )
        if f"file {name}" != found.place:
            inputs[place] = content
    if inputs:
        arguments = {**arguments, "files": inputs}
    return Reading(arguments, dict.fromkeys(arguments, found.place), weight=weight)


def _inside(name: str) -> str:
    """Give where in its working folder the program finds *name*: as written, if that is inside."""
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and not {"..", "~"} & set(path.parts)
    return str(path) if is_inside else path.name

"""Where in a request the code stands: in fences, in backticks, after a colon, on its own lines, or bare."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache

from vana.specialists.code_execution.idiom import (
    NAMES,
    guess,
    is_calculation,
    is_code,
    is_plainly_code,
    language_of,
    named,
    unquoted,
)
from vana.specialists.code_execution.intent import COMMAND, POLITE, is_told_to_run, names_code, wish_of

_OPENING = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*\{?\.?(?P<tag>[\w+#-]*)(?P<rest>[^\n]*)$")
_INLINE = re.compile(rf"```(?:(?P<tag>{NAMES})\s+)?(?P<code>[^`\n]+)```", re.IGNORECASE)
_TICKS = re.compile(r"(?<!`)(?P<mark>`{1,2})(?!`)(?P<code>[^\n]{1,2000}?)(?<!`)(?P=mark)(?!`)")
_SIGN = re.compile(r"[:?](?=\s|$)")
_BARE = re.compile(
    rf"^\W*{POLITE}(?:(?P<verb>{COMMAND})\s+)?(?:(?:the|this|following)\s+)*"
    rf"(?:(?:{NAMES})\s+)?(?:(?:code|snippet|command|expression)\s+)?(?P<code>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_CODA = re.compile(
    rf"(?:,?\s+(?:please|thanks|thank you|for me|(?:in|with|using|as)\s+(?:an?\s+)?(?:{NAMES})"
    r"|(?:and|then|to)\s+(?:then\s+)?(?:show|tell|print|give|report|see|let me)\b[^\n()\[\]{}]*))+[.!?]*\s*$",
    re.IGNORECASE,
)
"""What people say after the code they want run."""
_LANGUAGE_ONLY = re.compile(rf"^\W*(?:{NAMES})\W*$", re.IGNORECASE)
_SWITCH = re.compile(
    r"(?P<name>python3?|node)\s+-(?:c|e)\s+(?P<code>(?P<quote>['\"]).*(?P=quote))", re.DOTALL
)
"""Code handed to an interpreter on its command line."""
_LONGEST_ORDER, _MOST_SIGNS = 400, 8
"""Where words that ask for something end: after so many characters or signs at the latest."""
_CODA_LENGTH = 200
_CALCULATE = re.compile(r"eval(?:uate)?|compute|calculate", re.IGNORECASE)
_DATA = frozenset(
    (
        *("text", "txt", "plain", "output", "log", "json", "jsonl", "yaml", "yml", "toml", "ini", "csv"),
        *("tsv", "xml", "html", "css", "md", "markdown", "diff"),
    )
)
"""Tags of blocks that are no programs."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Code, and the language it is written in."""

    code: str
    language: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A request taken apart: the words around, and the pieces of code in the order they stand."""

    words: str
    pieces: tuple[Piece, ...] = ()
    is_marked: bool = False
    """The code is set off by fences, so that nobody takes it for words."""


@lru_cache(maxsize=4)  # each of the four tools reads the same request, and the router before them
def take_apart(text: str) -> Excerpt:
    """Give the words and the code of *text*; without code all of it is words."""
    text = text.replace("\r\n", "\n")
    return (
        _fenced(text)
        or _switched(text)
        or _after_words(text)
        or _in_ticks(text)
        or _bare(text)
        or Excerpt(text)
    )


def _fenced(text: str) -> Excerpt | None:
    words, blocks = _fences(text)
    blocks += [(match["tag"] or "", match["code"].strip()) for match in _INLINE.finditer(words)]
    words = _INLINE.sub(" ", words)
    programs = [(tag, body) for tag, body in blocks if tag not in _DATA]
    if not programs:
        return None if not blocks else Excerpt(words)
    said = named(words)
    pieces = (Piece(_typed(body), language_of(tag) or said or guess(body)) for tag, body in programs)
    return Excerpt(words, tuple(piece for piece in pieces if piece.code.strip()), is_marked=True)


def _fences(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Give the words outside, and tag and body of each fenced block; one left open goes on to the end.

    Source: CommonMark 0.31, section 4.5; a block may stand deeper here, as it does in lists.
    """
    words: list[str] = []
    blocks: list[tuple[str, str]] = []
    body: list[str] = []
    mark = tag = ""
    for line in text.split("\n"):
        bare = line.strip(" \t>")
        if mark:
            if bare == mark[0] * len(bare) and len(bare) >= len(mark):
                blocks.append((tag, _block(body)))
                mark, body = "", []
            else:
                body.append(line)
        elif (opening := _OPENING.match(line)) and not (line.strip()[0] == "`" and "`" in opening["rest"]):
            mark, tag = opening["mark"], opening["tag"].lower()
        else:
            words.append(line)
    if mark:
        blocks.append((tag, _block(body)))
    return "\n".join(words), blocks


def _block(lines: list[str]) -> str:
    body = textwrap.dedent("\n".join(lines))
    return f"{body}\n" if body else ""


def _typed(body: str) -> str:
    """Give what was typed in a copied session: the lines behind the prompts, where the first has one."""
    first = body.lstrip()
    if first.startswith(">>> "):
        kept = [line[4:] for line in map(str.lstrip, body.splitlines()) if line.startswith((">>> ", "... "))]
    elif first.startswith("$ "):
        kept = [line.lstrip()[2:] for line in body.splitlines() if line.lstrip().startswith("$ ")]
    else:
        return body
    return "\n".join(kept) + "\n"


def _after_words(text: str) -> Excerpt | None:
    """Read words that ask for something, and the code after their colon or on the lines below them."""
    line = text.partition("\n")[0]
    ends = [match.end() for match in _SIGN.finditer(text, 0, min(len(line) + 1, _LONGEST_ORDER))]
    if len(line) < min(len(text), _LONGEST_ORDER):
        ends.append(len(line))
    for end in ends[:_MOST_SIGNS]:
        words, rest = text[:end], text[end:]
        code = _code_after(words, _typed(_set_off(rest)))
        if code is not None:
            return Excerpt(words, (Piece(code, named(words) or guess(code)),))
    return None


def _set_off(rest: str) -> str:
    """Give what follows the words, without the indentation that sets all of it off."""
    begins_below = rest.lstrip(" \t").startswith("\n")
    return (textwrap.dedent(rest) if begins_below else rest).strip()


def _code_after(words: str, rest: str) -> str | None:
    if not rest:
        return None
    ticks = _TICKS.fullmatch(rest)
    rest = ticks["code"].strip() if ticks is not None else unquoted(rest)
    is_language = _LANGUAGE_ONLY.match(words) is not None
    if not is_language and wish_of(words) not in ("run", "debug", "test"):
        return None
    if is_told_to_run(words) and (names_code(words) or named(words)):
        return _without_afterword(rest)
    return _without_afterword(rest) if is_code(_without_afterword(rest)) else None


def _without_afterword(code: str) -> str:
    """Leave away paragraphs of plain words that follow the code."""
    paragraphs = code.split("\n\n")
    while len(paragraphs) > 1 and not is_code(paragraphs[-1]) and is_code("\n\n".join(paragraphs[:-1])):
        paragraphs.pop()
    return "\n\n".join(paragraphs)


def _switched(text: str) -> Excerpt | None:
    match = _SWITCH.search(text)
    if match is None or wish_of(text[: match.start()]) not in ("run", None):
        return None
    words = f"{text[: match.start()]} {text[match.end() :]}"
    return Excerpt(words, (Piece(unquoted(match["code"]), language_of(match["name"])),))


def _in_ticks(text: str) -> Excerpt | None:
    found = list(_TICKS.finditer(text))
    if len(found) != 1:
        return None
    code = found[0]["code"].strip()
    words = f"{text[: found[0].start()]} {text[found[0].end() :]}"
    if wish_of(words) not in ("run", "debug", "test"):
        return None
    if not (is_told_to_run(words) or is_code(code)):
        return None
    language = named(words) or ("shell" if re.search(r"\bcommand\b", words, re.IGNORECASE) else guess(code))
    return Excerpt(words, (Piece(code, language),))


def _bare(text: str) -> Excerpt | None:
    """Read code as the object of "run", or as the whole request."""
    match = _BARE.match(text)
    if (match is None or match["verb"] is None) and is_plainly_code(text):
        return Excerpt("", (Piece(text.strip(), guess(text)),))
    if match is None:
        return None
    verb, rest = match["verb"], match["code"].strip()
    begun = text[: match.start("code")]
    if (verb is None and named(begun) is None) or rest.startswith("`"):  # several spans: see _in_ticks
        return None
    kept = max(0, len(rest) - _CODA_LENGTH)
    for code in (rest[:kept] + _CODA.sub("", rest[kept:]), rest):
        words = f"{begun} {rest[len(code) :]}"
        if is_plainly_code(code) or (verb is not None and _is_command(code, verb)):
            return Excerpt(words, (Piece(code, named(words) or guess(code)),))
    return None


def _is_command(code: str, verb: str) -> bool:
    """Say whether *code* after a verb that runs things is code, and no plain words."""
    if _CALCULATE.fullmatch(verb):
        return is_calculation(code)
    return is_code(code) and (guess(code) != "python" or "(" in code or " = " in code)

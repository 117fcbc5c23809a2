"""What the words of a request want done with code: run it, find out why it fails, test it, or else."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from vana.specialists.code_execution.idiom import NAMES, named

Wish: TypeAlias = Literal["run", "debug", "test", "list", "write", "other"]

COMMAND = r"re-?run|run|execute|exec|eval|evaluate|compute|calculate|try(?!\s+to\b)|launch|invoke"
"""Verbs that ask for code to be run."""

POLITE = (
    r"(?:(?:please|pls|kindly|hey|hi|hello|ok|okay|now|then|and|so|just|vana|(?:can|could|would|will) you"
    r"|i(?:'d| would) like you to|i (?:want|need) (?:you )?to|let(?:'s| us| me)|go ahead and)[\s,:]+"
    rf"|(?:in|with|using)\s+(?:{NAMES})[\s,:]+)*"
)
"""What may stand before the verb of a request."""

_NOUN = r"(?:code|script|snippet|program|function|method|class|command|one-liner|block|cell)s?"
_POINTED = (
    r"\b(?:this|that|the|these|those|my|our|following|above|below)\s+(?:[\w-]+\s+){0,3}?"
    rf"(?:{_NOUN}|tests?|{NAMES})\b"
)
_TO_RUN = re.compile(rf"^\W*{POLITE}(?:{COMMAND})\b", re.IGNORECASE)
_TO_TEST = re.compile(rf"^\W*{POLITE}test\s+(?:this|that|it|the|my|our|these)\b", re.IGNORECASE)
_OF_ITSELF = re.compile(
    rf"^\W*{POLITE}(?:{COMMAND}|debug|test)\s+(?:this|that|it|these|them)"
    r"(?:\s+(?:again|once more|please|for me|now|as (?:an?\s+)?\w+(?: script| program)?))*\W*$",
    re.IGNORECASE,
)
_CODE = re.compile(rf"\b(?:{_NOUN}|expression|file)\b", re.IGNORECASE)
_POINTS = re.compile(_POINTED, re.IGNORECASE)

_TO_WRITE = re.compile(rf"\w+\b[^.?!:\n]{{0,60}}?\b(?:{_NOUN}|tests?|{NAMES})\b", re.IGNORECASE)

_NOT = re.compile(
    r"\b(?:do not|don'?t|never|without)\s+(?:\w+\s+)?(?:run|runn?ing|execut\w+)\b"
    r"|\b(?:should (?:i|we)|is it (?:safe|ok|okay|wise)|safe to)\b",
    re.IGNORECASE,
)
_WRITES = "write|implement|create|complete|generate"
_OTHERS = (
    "explain|describe|summari[sz]e|translate|convert|port|refactor|rewrite|rename|improve|optimi[sz]e|simplify"
    "|shorten|document|annotate|comment|re-?format|lint|review|remember|memori[sz]e|remind|note|forget|recall"
    "|save|store|add|remove|delete|change|update|make|turn|clean|extend|replace|rate|grade|compare|count"
)
_FIRST = re.compile(
    rf"\b(?P<run>{COMMAND}|debug)\b|(?P<start>^\W*{POLITE})?\b(?:(?P<write>{_WRITES})|(?:{_OTHERS}))\b"
    r"(?(start)|\s+(?:this|that|it|my|these|those|what|why|how|me|an?|some|and|code)\b)"
    r"|\bhow (?:do|does|did|to|can|could|should|would)\b|\b(?P<up>code\s+(?:this|that|it|something)\s+up)\b",
    re.IGNORECASE,
)
"""Of several verbs the first is what is asked for; what comes after it is about it."""

_PROGRAM = re.compile(r"\b(?:code|script|snippet|program)\b", re.IGNORECASE)
_TESTS = re.compile(
    rf"\b(?:{COMMAND}|do|check|start)\s+(?:(?:all|the|these|those|my|our|its|some|your|this|following|of)\s+){{0,3}}"
    r"(?:unit[ -]?|doc)?tests?\b(?!\s*[.-]?\w*\.)"
    r"|\b(?:do|does|did|will|whether|if)\b[^.?\n]{0,30}\btests?\b[^.?\n]{0,20}\b(?:pass|fail|succeed)",
    re.IGNORECASE,
)
_TROUBLE = (
    r"(?:fail\w*|crash\w*|break\w*|broken?|errors?|rais\w+|throws?|thrown|work\w*|wrong|explod\w+|blow\w* up)"
)
_DEBUG = re.compile(
    rf"\bdebug\b|\bwhy\b[^?.\n]{{0,80}}\b{_TROUBLE}\b"
    r"|\bwhat(?:'s|\u2019s|s| is| was| went| goes| could be)\s+(?:\w+\s+)?wrong\b"
    r"|\b(?:find|spot|locate|(?:where|what)(?:'s|\u2019s| is))\b[^.?\n]{0,40}"
    r"\b(?:bug|error|mistake|problem)s?\b"
    r"|\b(?:do|does|will)\s+(?:this|it|that|these)\s+(?:work|fail|crash)\b",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"\b(?:gets?|got|getting|gives?|throws?|raises?)\b[^.?\n]{0,40}\b\w*(?:error|exception|traceback)\b"
    r"|\bfix\b|\b(?:fails|crashes|is broken|does(?:n't| not) work)\b",
    re.IGNORECASE,
)
_OUTPUT = re.compile(
    r"\bwhat(?:'s|\u2019s|s| is| are| does| do| did| will| would)?\b[^?\n]{0,60}?"
    r"\b(?:print|prints|printed|output|outputs|evaluate|evaluates|return|returns|result|results)\b"
    r"|\b(?:show|give|tell|get)\b[^.\n]{0,30}\b(?:output|result|prints)\b"
    r"|\bwhat (?:happens|comes out)\b|\boutput of\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:which|what|list)\b[^.?!\n]{0,80}\blanguages\b[^.?!\n]{0,80}\b(?:run|execute|support(?:ed)?|available|installed)\b"
    r"|\b(?:which|what)\b[^.?!\n]{0,80}\b(?:supported|available|installed)\s+(?:\w+\s+)?languages\b"
    r"|^\W*(?:please\s+)?list\s+(?:all\s+|the\s+)*(?:(?:programming|available|supported|installed)\s+)*languages\W*$"
    r"|^\W*(?:supported|available|installed)\s+(?:programming\s+)?languages\W*$",
    re.IGNORECASE,
)
_TELLING = 1000
"""Characters at either end of a long text in which a wish is looked for."""
_ANY_RUN = re.compile(rf"\b(?:{COMMAND})\b", re.IGNORECASE)


def wish_of(words: str) -> Wish | None:
    """Give what *words* want, code left out; `None` where they want nothing that has to do with code.

    Of very many words the first and the last tell: between them lies a document.
    """
    if len(words) > 2 * _TELLING:
        words = f"{words[:_TELLING]}\n{words[-_TELLING:]}"
    if _LIST.search(words):
        return "list"
    if _NOT.search(words):
        return "other"
    first = _FIRST.search(words)
    if first is not None and first["run"] is None:
        written = first["write"] and _TO_WRITE.match(words, first.start("write"))
        return "write" if written or first["up"] else "other"
    if _TESTS.search(words) or _TO_TEST.match(words):
        return "test"
    told = is_told_to_run(words)
    if _DEBUG.search(words) or (not told and _COMPLAINT.search(words)):
        return "debug"
    return "run" if told or _ANY_RUN.search(words) or _OUTPUT.search(words) else None


def is_told_to_run(words: str) -> bool:
    """Say whether *words* begin with the order to run something."""
    return _TO_RUN.match(words) is not None


def is_question(words: str) -> bool:
    """Say whether *words* end as a question does."""
    return words.rstrip().endswith(("?", "\uff1f"))


def names_code(words: str) -> bool:
    """Say whether *words* speak of code, a script, a command."""
    return _CODE.search(words) is not None


def points_at_code(words: str) -> bool:
    """Say whether *words* point at code that should be there: "my code", "run a script", or only "run it"."""
    if _POINTS.search(words) or _OF_ITSELF.match(words):
        return True
    return is_told_to_run(words) and (_PROGRAM.search(words) is not None or named(words) is not None)

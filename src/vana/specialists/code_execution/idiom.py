"""What language a piece of text is written in, and whether it is code at all."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
import warnings

ALIASES = {
    "python": "python", "python3": "python", "py": "python",
    "javascript": "javascript", "js": "javascript", "node": "javascript", "nodejs": "javascript",
    "node.js": "javascript",
    "shell": "shell", "bash": "shell", "sh": "shell", "zsh": "shell",
}  # fmt: skip
"""How people name a language → its name here."""

SUFFIXES = {".py": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".sh": "shell"}

NAMES = "|".join(re.escape(name) for name in sorted(ALIASES, key=len, reverse=True))
"""The names as alternatives of a pattern, longer ones first."""

_TAGS = {**ALIASES, "console": "shell", "shell-session": "shell", "pycon": "python"}
_NAMED = re.compile(rf"(?<![\w./-])(?:{NAMES})(?![\w/-]|\.\w)", re.IGNORECASE)

_JAVASCRIPT = re.compile(
    r"\bconsole\.\w+\(|^[ \t]*(?:const|let|var)\s+(?:[\w$]+|[{\[][^=\n]{0,200})\s*[=;]|\bfunction\s*\w*\s*\("
    r"|=>|===|\brequire\(['\"]",
    re.MULTILINE,
)
_COMMANDS = (
    "ls|pwd|echo|cat|grep|sed|awk|mkdir|rmdir|rm|cp|mv|chmod|wc|curl|wget|uname|whoami|printf|tar|npm|pip|sudo"
    "|df|du|ps|seq|tr|xargs"
)
_WORDLIKE = (
    "find|date|sort|head|tail|touch|make|which|kill|sleep|env|export|git|node|python3?|test|set|uniq|cut"
)
"""Commands that are English words too: only what follows can tell."""
_ARGUMENT = r"""(?:-{1,2}\w|\+%|["'$~*.|<>&;]|[\w.-]*/)"""
_SHELL = re.compile(
    rf"^[ \t]*(?:(?:{_COMMANDS})(?=$|[ \t;|&])(?![ \t]*(?:=|,))|(?:{_WORDLIKE})[ \t]+{_ARGUMENT}"
    r"|for\s+\w+\s+in\b[^\n]*(?:;|\n)\s*do\b|(?:if|while)\s+\[|[A-Za-z_]\w*=\S*[ \t]*(?:;|$)[^\n]*\$)",
    re.MULTILINE,
)
_SHEBANG = re.compile(r"#!\s*\S*?/?(?:env\s+)?(?P<name>python|node|bash|zsh|sh)[\d.]*\b")

_SIGN = re.compile(
    r"[\w\])][ \t]*(?:[-+*/|&]?=)\s*\S|\w\(|[;{}]\s*$|^\s*[)\]}]"
    r"|^\s*(?:def|class|for|while|if|elif|else|try|except|with|async|switch)\b.*[:{]\s*$"
    r"|^\s*(?:import\s+[\w.]+\s*$|from\s+[\w.]+\s+import\b|(?:return|raise|throw)\b[^.?!]*$|#|//|@)"
)
"""What a line of code has and a line of prose has not."""

_QUIET = (ast.Name, ast.Constant, ast.Attribute, ast.Tuple, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp)
"""Expressions that plain words make: `hello`, `yes, no`, `a or b`, `not now`, `this is it`."""
_WORDY = (
    ast.Pass, ast.Break, ast.Continue, ast.Return, ast.Raise, ast.Global, ast.Nonlocal, ast.Delete,
    ast.Assert, ast.Import, ast.ImportFrom,
)  # fmt: skip
"""Statements that plain words make: `raise money`, `import duties`, `pass`."""
_BLOCKS = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def language_of(tag: str) -> str:
    """Give the language that the *tag* of a fence names; a name that is not known here stays as it is."""
    return _TAGS.get(tag.lower(), tag.lower())


def named(text: str) -> str | None:
    """Give the one language that *text* names, `None` where it names none or several."""
    found = {ALIASES[match[0].lower()] for match in _NAMED.finditer(text)}
    return found.pop() if len(found) == 1 else None


def guess(code: str) -> str:
    """Give the language of *code* that comes without a name: by its first line, by its words, else Python."""
    shebang = _SHEBANG.match(code.lstrip())
    if shebang is not None:
        return ALIASES[shebang["name"]]
    if _JAVASCRIPT.search(code) and not _defines_lambda_or_class(code):
        return "javascript"
    return "shell" if _SHELL.match(code) and not _acts(code) else "python"


def is_code(text: str) -> bool:
    """Say whether *text*, of which somebody says that it is code, can be."""
    if _SHEBANG.match(text.lstrip()) or _JAVASCRIPT.search(text) or _SHELL.match(text):
        return True
    tree = parse(text)
    if tree is not None:
        return any(not _is_quiet(node) for node in tree.body)
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and 2 * sum(_SIGN.search(line) is not None for line in lines) >= len(lines)


def is_plainly_code(text: str) -> bool:
    """Say whether *text* can be nothing but code, though nobody says so.

    A single expression counts when every name in it is Python's own or its own: `print(6 * 7)` does,
    `forecast(city="Oslo")` is a call that somebody else may know.
    """
    if _SHEBANG.match(text.lstrip()):
        return True
    if guess(text) == "javascript":
        return _SIGN.search(text) is not None
    return _acts(text) and (_is_several_lines(text) or _is_self_contained(text))


def parse(text: str) -> ast.Module | None:
    """Give the syntax tree of Python, `None` for anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python finds odd in prose is nobody's concern
        try:
            return ast.parse(textwrap.dedent(text).strip())
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def unquoted(text: str) -> str:
    """Give what stands inside when all of *text* is one quoted string, otherwise *text*."""
    tree = parse(text)
    if tree is None or len(tree.body) != 1:
        return text
    only, quote = tree.body[0], text[:1]
    is_string = isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant)
    if not is_string or quote not in {"'", '"'} or text.startswith(quote * 3):
        return text
    return text[1:-1].replace(f"\\{quote}", quote)


def is_calculation(text: str) -> bool:
    """Say whether *text* is one expression that Python can give the value of without knowing more."""
    tree = parse(text)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return False
    works = any(isinstance(node, (ast.BinOp, ast.Call, ast.Compare)) for node in ast.walk(tree))
    return works and _is_self_contained(text)


def _acts(text: str) -> bool:
    """Say whether *text* is Python with a call, a block, or an assignment that something follows."""
    tree = parse(text)
    if tree is None:
        return False
    lines = textwrap.dedent(text).strip().encode().splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_adjacent(node, lines):
            return True
        if isinstance(node, _BLOCKS) and node.end_lineno is not None and node.end_lineno > node.lineno:
            return True
    assigns = (ast.Assign, ast.AugAssign, ast.AnnAssign)
    return len(tree.body) > 1 and any(isinstance(node, assigns) for node in tree.body)


def _is_adjacent(call: ast.Call, lines: list[bytes]) -> bool:
    """Say whether the bracket follows what is called at once, as prose never writes it."""
    row, column = call.func.end_lineno, call.func.end_col_offset
    return row is not None and column is not None and lines[row - 1][column : column + 1] in (b"(", b")")


def _is_quiet(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, _WORDY) or (isinstance(node, ast.Expr) and isinstance(node.value, _QUIET))


def _is_several_lines(text: str) -> bool:
    return "\n" in text.strip()


def _is_self_contained(text: str) -> bool:
    tree = parse(text)
    if tree is None:
        return False
    known = set(dir(builtins))
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else known).add(node.id)
        elif isinstance(node, ast.alias):
            known.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            known.add(node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
    return used <= known


def _defines_lambda_or_class(code: str) -> bool:
    """Say whether *code* is Python after all: it parses and defines or imports something."""
    tree = parse(code)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Lambda)
    return tree is not None and any(isinstance(node, kinds) for node in ast.walk(tree))

"""What errors say, and their causes in words."""

from __future__ import annotations

import re

CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (
            r"NameError: name '(?P<a>\w+)' is not defined(?:\. Did you mean: '(?P<b>\w+)'\?)",
            "`{a}` was never defined; `{b}` was: probably a slip of the pen.",
        ),
        (
            r"NameError: name '(?P<a>\w+)' is not defined",
            "`{a}` is used before anything is assigned to it, or its import is missing.",
        ),
        (
            r"UnboundLocalError: .*'(?P<a>\w+)'",
            "`{a}` is assigned somewhere in the function, so it is local there, and it is read before that.",
        ),
        (
            r"ModuleNotFoundError: No module named '(?P<a>[\w.]+)'",
            "The module `{a}` is not installed in the sandbox; it has no network to fetch it.",
        ),
        (
            r"ImportError: cannot import name '(?P<a>\w+)' from '(?P<b>[\w.]+)'",
            "`{b}` is there and has no `{a}`: another version, or a misspelt name.",
        ),
        (
            r"AttributeError: '(?P<a>\w+)' object has no attribute '(?P<b>\w+)'",
            "A value of type `{a}` has no `{b}`: it is not the type that the line expects.",
        ),
        (
            r"TypeError: (?P<a>.+) missing (?P<b>\d+) required positional argument",
            "`{a}` is called with {b} argument(s) too few.",
        ),
        (
            r"TypeError: 'NoneType' object is not (?P<a>\w+)",
            "The value is None: a function before it returned nothing, or found nothing.",
        ),
        (
            r"TypeError: unsupported operand type\(s\) for (?P<a>.+?): '(?P<b>\w+)' and '(?P<c>\w+)'",
            "`{a}` does not work between `{b}` and `{c}`: convert one of them first.",
        ),
        (
            r'TypeError: can only concatenate str \(not "(?P<a>\w+)"\) to str',
            "A value of type `{a}` is added to a text: convert it with str() or use an f-string.",
        ),
        (
            r"JSONDecodeError: (?P<a>.+)",
            "The text is not valid JSON: {a}.",
        ),
        (
            r"KeyError: (?P<a>.+)",
            "The dictionary has no key {a}.",
        ),
        (
            r"IndexError: (?P<a>.+)",
            "An index lies outside the sequence: it is shorter than the line expects.",
        ),
        (
            r"ZeroDivisionError",
            "The divisor is 0.",
        ),
        (
            r"RecursionError",
            "A function calls itself without coming to its end.",
        ),
        (
            r"FileNotFoundError: .*'(?P<a>[^']+)'",
            "There is no file `{a}` in the sandbox: pass it along with the request.",
        ),
        (
            r"PermissionError",
            "The sandbox does not allow that place or operation.",
        ),
        (
            r"ValueError: invalid literal for int\(\) with base 10: (?P<a>.+)",
            "{a} is not a whole number.",
        ),
        (
            r"(?:IndentationError|TabError): (?P<a>.+)",
            "The indentation does not fit: {a}.",
        ),
        (
            r"SyntaxError: (?P<a>.+)",
            "The line is not valid here: {a}.",
        ),
        (
            r"AssertionError",
            "The condition of an assert is false.",
        ),
        (
            r"ReferenceError: (?P<a>\w+) is not defined",
            "`{a}` is used and nowhere declared.",
        ),
        (
            r"TypeError: Cannot read properties of (?P<a>undefined|null)",
            "The value before the dot is {a}.",
        ),
        (
            r"TypeError: (?P<a>\S+) is not a function",
            "`{a}` is not a function here.",
        ),
        (
            r"(?P<a>\S+): command not found",
            "The sandbox has no command `{a}`.",
        ),
        (
            r"(?:^|: )(?:cannot \w+ )?'?(?P<a>[^:']+)'?: No such file or directory",
            "There is no file or folder `{a}` in the sandbox: pass it along with the request.",
        ),
        (
            r"Error: ENOENT: .*'(?P<a>[^']+)'",
            "There is no file `{a}` in the sandbox: pass it along with the request.",
        ),
        (
            r".*Read-only file system",
            "A program in the sandbox may write in its working folder only.",
        ),
        (
            r"(?P<a>\w+): unbound variable",
            "`{a}` is used and was never set.",
        ),
        (
            r"(?P<a>syntax error .+)",
            "The line is not valid here: {a}.",
        ),
        (
            r"OSError: \[Errno 28\]|No space left on device",
            "The working folder is full: the program wrote more than its limit.",
        ),
        (
            r"MemoryError",
            "The program asked for more memory than its limit.",
        ),
    )
)
"""Pattern of an error → its cause, with its groups to be filled in. The first that fits is taken.

An error reads `Type: message`; that of a shell is the message alone.
"""

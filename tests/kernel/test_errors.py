from __future__ import annotations

import inspect
import pickle

import pytest

import vana.kernel.errors as module
from vana.kernel.errors import AllFailed, CircuitOpen, Failed, ModelRetry, RateLimited, UnknownName, VanaError


def drawn() -> dict[str, str]:
    """Give each class of the drawing and the one it hangs under."""
    parents: dict[str, str] = {}
    branch: list[tuple[int, str]] = []
    for line in (module.__doc__ or "").splitlines():
        head = line.lstrip("│├└─ ")
        indent = len(line) - len(head)
        name = head.split(" ", 1)[0]
        if not line.startswith(("VanaError ", "├", "└", "│", "    ├", "    └")):
            continue
        while branch and branch[-1][0] >= indent:
            branch.pop()
        parents[name] = branch[-1][1] if branch else "Exception"
        branch.append((indent, name))
    return parents


def real() -> dict[str, str]:
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, VanaError)]
    return {kind.__name__: kind.__bases__[0].__name__ for kind in kinds}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    assert drawn() == real()
    assert len(drawn()) > 20


def test_every_error_has_a_code_of_its_own():
    codes = [
        kind.default_code
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, VanaError)
    ]
    assert len(set(codes)) == len(codes)


def test_an_error_carries_its_facts():
    error = VanaError("it broke", hint="mend it", code="broken")
    assert (str(error), error.message, error.hint, error.code) == (
        "it broke",
        "it broke",
        "mend it",
        "broken",
    )
    assert Failed("x", value=7).value == 7
    assert RateLimited("x", retry_after=2.5).retry_after == 2.5
    assert CircuitOpen("host", retry_after=1.25).retry_after == 1.25
    assert "host" in str(CircuitOpen("host"))


def test_an_unknown_name_lists_what_there_is():
    error = UnknownName("engine", "durable", ["local", "a"], hint="install it")
    assert str(error) == "no engine named 'durable'; installed: a, local"
    assert str(UnknownName("engine", "x", [])) == "no engine named 'x'; installed: none"


def test_when_all_failed_each_cause_is_named():
    causes = [ValueError("one"), KeyError("two")]
    error = AllFailed("model", causes)
    assert error.causes == tuple(causes)
    assert "ValueError: one" in str(error)
    assert "KeyError" in str(error)


def test_advice_to_a_model_is_no_error_of_ours():
    assert not issubclass(ModelRetry, VanaError)


@pytest.mark.parametrize("kind", [VanaError, Failed, RateLimited])
def test_an_error_keeps_its_message_across_a_process_border(kind: type[VanaError]):
    again = pickle.loads(pickle.dumps(kind("it broke", hint="mend it")))  # noqa: S301 - our own bytes
    assert (type(again), again.message, again.hint) == (kind, "it broke", "mend it")

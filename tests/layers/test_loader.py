from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from vana.kernel.errors import UsageError
from vana.layers.loader import Loader


def at_once(call: Callable[[str], object], keys: list[str]) -> list[object]:
    """Give what *call* gave or raised for each key, all called at the same time in threads of their own."""
    gate = threading.Barrier(len(keys))

    def wait_and_call(key: str) -> object:
        gate.wait(10.0)
        try:
            return call(key)
        except UsageError as error:
            return error

    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(wait_and_call, keys))


def test_ll1_many_threads_are_one_load_of_one_thing():
    loads, slow = list[str](), threading.Event()

    def load(key: str) -> object:
        loads.append(key)
        slow.wait(0.05)
        return object()

    loader = Loader(load)
    things = at_once(loader.get, ["a"] * 50)
    assert loads == ["a"]
    assert len(set(map(id, things))) == 1


def test_a_failure_is_not_kept():
    errors = [ValueError("broken")]

    def load(key: str) -> str:
        if errors:
            raise errors.pop()
        return key

    loader = Loader(load)
    with pytest.raises(ValueError, match="broken"):
        loader.get("a")
    assert loader.get("a") == "a"


def test_a_circle_is_found_and_named_with_its_way_across_loaders():
    def load(key: str) -> str:
        return {"a": second, "b": first}[key].get({"a": "b", "b": "a"}[key])

    first, second = Loader(load, noun="tool"), Loader(load, noun="model")
    with pytest.raises(UsageError, match="tool a waits for itself: tool a → model b → tool a"):
        first.get("a")


def test_a_circle_closed_by_two_threads_is_found():
    both, begun = threading.Barrier(2), list[str]()

    def load(key: str) -> str:
        begun.append(key)
        if len(begun) <= 2:
            both.wait(10.0)
        return loader.get({"a": "b", "b": "a"}[key])

    loader = Loader(load)
    results = at_once(loader.get, ["a", "b"])
    assert all(isinstance(result, UsageError) for result in results)

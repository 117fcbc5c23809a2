from __future__ import annotations

import json

import pytest

from tests.entry.cli.typed import vana
from vana.entry.cli.route import KEYS

pytestmark = pytest.mark.real


def test_each_line_is_one_request_and_gets_one_object():
    requests = ["Execute this Python code: print(6*7)", "what does Ana prefer?\nand Bo?", "é 😀"]
    stdin = "\n".join(map(json.dumps, requests)).encode()
    ended = vana("route", "--jsonl", stdin=stdin)
    assert ended.code == 0
    assert [tuple(line) for line in ended.lines] == [KEYS] * 3
    assert (ended.lines[0]["kind"], ended.lines[0]["specialist"]) == ("action", "code_execution")


def test_a_line_that_is_no_request_is_named_and_the_others_are_routed():
    ended = vana("route", "--jsonl", stdin=b'"run the tests"\n5\nnonsense\n""\n\xff\n"what is this?"\n')
    assert ended.code == 2
    wrong = [line["error"] for line in ended.lines if "error" in line]
    assert [line["kind"] is None for line in ended.lines] == [False, True, True, True, True, False]
    assert "line 2 is JSON and no string" in str(wrong[0])


def test_routing_does_nothing():
    vana("route", "remember that Ana prefers tea")
    assert vana("recall", "Ana").code == 5


def test_no_request_is_usage():
    assert vana("route").code == 2

from __future__ import annotations

from typing import cast

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def test_the_team_is_listed_with_its_tools():
    told = vana("agents").out
    assert "code_execution (built in)" in told
    assert "execute_code, run_tests, debug_code, list_languages" in told


def test_one_of_them_is_shown_with_the_parameters_of_its_tools():
    told = vana("agents", "show", "memory").out
    assert "recall(query, [k])" in told
    assert "code_execution" not in told


def test_the_object_of_agents_holds_the_schema_of_every_tool():
    listed = vana("agents", "--json").json
    assert listed["schema"] == "vana.agents/1"
    for card in cast("list[dict[str, list[dict[str, object]]]]", listed["agents"]):
        assert all(
            cast("dict[str, object]", tool["parameters"])["type"] == "object" for tool in card["tools"]
        )


def test_an_unknown_one_is_usage_and_lists_those_there_are():
    ended = vana("agents", "show", "nobody")
    assert ended.code == 2
    assert "code_execution, memory" in ended.err

"""What happens when a part is missing, each row of docs/guides/degradation.md that has its part.

A part is taken away from a running installation. What could still be answered was, and says so; what could
not was refused by name, with the next step.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.app.weather import Deps, Station, weather
from tests.entry.cli.typed import vana as command
from vana import Vana
from vana.kernel.answer import Answer, Degradation
from vana.kernel.errors import AllFailed, ModelFailed, Unavailable
from vana.kernel.run import Run, Span, inside
from vana.layers.breaker import Breaker
from vana.layers.fallback import Fallback
from vana.layers.order import Parts, standard
from vana.testing import FakeClock, ScriptedModel, faulty
from vana.testing.faulty import fails

FACT, QUESTION = "the staging database is at db7.internal", "Where is the staging database?"


def codes(answer: Answer[object]) -> tuple[str, str | None, list[str]]:
    """Give status, code and what was degraded."""
    return answer.status, answer.error and answer.error.code, [fact.what for fact in answer.degraded]


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
async def vana(home: Path) -> AsyncIterator[Vana[Deps]]:
    """Give a running installation that has remembered something and kept a run."""
    async with Vana(specialists=[weather()], deps=Deps(Station()), home=home) as opened:
        await opened.memory.remember(FACT)
        await opened.journal.flush()
        yield opened


def broken_tables(database: Path) -> None:
    """Take every table out of *database* while others have it open."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("pragma foreign_keys = off")
        names = other.execute(
            "select type, name from sqlite_schema where type in ('table', 'view', 'trigger')"
        )
        for kind, name in names.fetchall():
            if not name.startswith("sqlite_"):
                other.execute(f'drop {kind} if exists "{name}"')


async def test_without_its_model_memory_and_exact_commands_go_on_and_the_rest_is_abstained_from(
    tmp_path: Path,
):
    model = ScriptedModel([ModelFailed("the provider is gone")] * 3)
    async with Vana(home=tmp_path, model=model) as vana:
        await vana.memory.remember(FACT)
        known, unknown = await vana.ask(QUESTION), await vana.ask("Who is the king of France?")
        told = await vana.ask("remember that Bob works at Acme")
    assert known.status == "answered"
    assert "db7.internal" in known.text
    assert codes(unknown) == ("abstained", "abstained", ["model:scripted"])
    assert "the provider is gone" in unknown.degraded[0].why
    assert codes(told) == ("answered", None, ["model:scripted"])


async def test_without_any_model_an_open_question_is_abstained_from_and_says_what_to_configure(
    vana: Vana[Deps],
):
    answer = await vana.ask("Who is the king of France?")
    assert codes(answer) == ("abstained", "abstained", [])
    assert answer.error is not None
    assert answer.error.hint


async def test_without_its_journal_the_run_goes_on_and_says_that_nobody_wrote_it_down(
    vana: Vana[Deps], home: Path
):
    broken_tables(home / "journal.db")
    await vana.call("weather", "forecast", {"city": "Oslo"})
    await vana.journal.flush()
    answer = await vana.call("weather", "forecast", {"city": "Rome"})
    assert codes(answer) == ("answered", None, ["journal"])
    (fact,) = answer.degraded
    assert fact.why
    assert fact.instead


async def test_without_its_memory_every_level_is_named_writes_are_refused_and_tools_go_on(
    vana: Vana[Deps], home: Path
):
    broken_tables(next((home / "memory").glob("*.db")))
    asked, told = await vana.ask(QUESTION), await vana.memory.remember("x is y")
    assert codes(asked) == ("abstained", "abstained", ["memory.knowledge"])
    assert codes(told) == ("failed", "store_failed", [])
    worked = await vana.call("weather", "forecast", {"city": "Oslo"})
    assert codes(worked) == ("answered", None, [])


async def test_without_its_memory_a_model_answers_and_the_answer_says_so(home: Path):
    async with Vana(home=home, model=ScriptedModel(["In Paris."])) as vana:
        await vana.memory.remember(FACT)
        broken_tables(next((home / "memory").glob("*.db")))
        answer = await vana.ask("Where does the king of France live?")
    assert codes(answer) == ("answered", None, ["memory.knowledge"])


async def test_without_a_jail_code_is_refused_and_nothing_ran(
    vana: Vana[Deps], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    trace = tmp_path / "ran"
    answer = await vana.ask(f"Execute this Python code: open({str(trace)!r}, 'w').write('x')")
    assert codes(answer) == ("failed", "sandbox_unavailable", [])
    assert answer.error is not None
    assert answer.error.hint
    assert not trace.exists()


async def test_without_a_service_its_tool_fails_by_name_and_its_siblings_go_on(tmp_path: Path):
    class Gone(Station):
        async def highs(self, city: str, days: int) -> list[float]:
            if city == "Oslo":
                raise Unavailable("the station is out of reach", retry_after=3600.0)
            return await super().highs(city, days)

    async with Vana(specialists=[weather()], deps=Deps(Gone()), home=tmp_path) as vana:
        lost, found = await asyncio.gather(
            vana.call("weather", "forecast", {"city": "Oslo"}),
            vana.call("weather", "forecast", {"city": "Rome"}),
        )
    assert codes(lost) == ("failed", "unavailable", [])
    assert codes(found) == ("answered", None, [])


def test_a_degraded_answer_is_exit_3_under_strict_and_a_refusal_is_exit_1(tmp_path: Path):
    home, broken = {"VANA_HOME": str(tmp_path / "home")}, {"VANA_HOME": str(tmp_path / "file")}
    (tmp_path / "file").write_text("a file where the folder should be")
    assert command("remember", FACT, env=home).code == 0
    assert command("ask", QUESTION, env=home).code == 0
    strict = command("ask", "--strict", "--json", QUESTION, env=home)
    assert strict.code == 3
    assert [fact["what"] for fact in json.loads(strict.out)["degraded"]] == ["confidence"]
    refused = command("remember", "--strict", "--json", FACT, env=broken)
    assert refused.code == 1
    told = json.loads(refused.out)
    assert told["error"]["code"] == "store_failed"
    assert [fact["what"] for fact in told["degraded"]] == ["journal"]


# The chain itself, to its third rung and beyond.


async def talk() -> str:
    return "primary"


async def second() -> str:
    return "second"


async def third() -> str:
    return "third"


@pytest.mark.parametrize(
    ("ill", "answer", "stood_in"),
    [
        ([], "primary", []),
        (["primary"], "second", ["second"]),
        (["primary", "second"], "third", ["second", "third"]),
    ],
)
async def test_a_chain_goes_to_its_third_rung_and_writes_down_every_step(
    ill: list[str], answer: str, stood_in: list[str]
):
    down = fails(lambda: Unavailable("down"))
    rungs = {"primary": talk, "second": second, "third": third}
    guarded = {
        name: standard(Parts(breaker=Breaker(clock=FakeClock())))(
            faulty(rung, down) if name in ill else rung, name
        )
        for name, rung in rungs.items()
    }
    chain = Fallback(guarded["second"], guarded["third"], names=("second", "third"))
    span = Span("span", "ask", Run("run"))
    with inside(span):
        assert await chain.wrap(guarded["primary"], "primary")() == answer
    assert [fact.instead for fact in span.degraded] == stood_in
    assert [fact.what for fact in span.degraded] == ill


async def test_a_chain_whose_rungs_are_all_down_names_each_cause_or_asks_its_last_resort():
    def down(name: str) -> Unavailable:
        return Unavailable(f"{name} is down")

    rungs = [faulty(talk, fails(lambda name=name: down(name))) for name in ("one", "two", "three")]
    with pytest.raises(AllFailed) as caught:
        await Fallback(*rungs[1:], names=("two", "three")).wrap(rungs[0], "one")()
    assert [str(cause) for cause in caught.value.causes] == ["one is down", "two is down", "three is down"]

    async def say_so() -> str:
        return "nothing can be reached; ask again later"

    span = Span("span", "ask", Run("run"))
    with inside(span):
        chain = Fallback(*rungs[1:], names=("two", "three"), last=say_so)
        assert "ask again later" in await chain.wrap(rungs[0], "one")()
    assert len(span.degraded) == 3
    assert span.degraded[-1].what == "three"
    assert isinstance(span.degraded[-1], Degradation)

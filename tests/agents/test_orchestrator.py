from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.agents.crew import open_run, team
from vana.agents.orchestrator import NO_ANSWER_HINT, Orchestrator
from vana.agents.router import Router
from vana.agents.specialist import Specialist
from vana.kernel.answer import Answer
from vana.kernel.confidence import Confidence
from vana.kernel.errors import StoreFailed, VanaError
from vana.kernel.reading import Reading, Utterance
from vana.memory import knowledge, session
from vana.memory.recall import Memory
from vana.memory.store.sqlite import SqliteStore
from vana.memory.store.store import Store
from vana.memory.tier import Hit, Item, Query
from vana.models.model import Context as Data
from vana.models.model import File, ModelRequest, ToolCall, ToolResult
from vana.testing import FakeClock, ScriptedModel
from vana.tools.tool import Context


@dataclass
class Outside:
    """A calibrated level: it says what it was told to say."""

    says: tuple[Hit, ...] = ()
    error: VanaError | None = None
    name: str = "vector"
    floor: float = 0.6
    asked: list[Query] = field(default_factory=list[Query])

    async def search(self, query: Query) -> Sequence[Hit]:
        """Give what it was told to."""
        self.asked.append(query)
        if self.error is not None:
            raise self.error
        return self.says

    async def store(self, item: Item) -> str:
        """Keep nothing."""
        return item.text


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with SqliteStore(tmp_path) as opened:
        yield opened


def remembering(store: Store, *more: Outside, alone: bool = False) -> Memory:
    own = [] if alone else [session.open_tier(store), knowledge.open_tier(store)]
    return Memory([*own, *more], store=store, clock=FakeClock())


def counting() -> Specialist[None]:
    specialist = Specialist[None]("counter", does="counts letters")

    def read(said: Utterance) -> Reading | None:
        verb, _, word = said.text.partition(" ")
        return Reading({"word": word}, {"word": "text"}) if verb == "count" else None

    @specialist.tool(reader=read)
    async def count(ctx: Context[None], word: str) -> int:
        return len(word)

    assert count
    return specialist


def orchestrator(memory: Memory, model: ScriptedModel | None = None) -> Orchestrator:
    crew = team([counting()], model)
    return Orchestrator(crew, Router({name: one.specialist for name, one in crew.members.items()}), memory)


async def ask(memory: Memory, text: str, model: ScriptedModel | None = None, **said: str) -> Answer[object]:
    with open_run():
        return await orchestrator(memory, model).run(Utterance(text, **said))  # pyright: ignore[reportArgumentType]


async def remember(memory: Memory, *texts: str) -> None:
    for text in texts:
        await memory.remember(text, tenant="ana", session=None)


async def test_a_fact_that_the_user_stated_answers_the_very_question_and_says_that_nothing_is_calibrated(
    store: Store,
):
    memory = remembering(store)
    await remember(memory, "our staging database is called pg-7", "the office is in Oslo")
    model = ScriptedModel([])
    answer = await ask(memory, "what is our staging database called?", model)
    assert (answer.status, answer.text, answer.confidence) == (
        "answered",
        "our staging database is called pg-7",
        None,
    )
    assert [fact.what for fact in answer.degraded] == ["confidence"]
    assert answer.degraded[0].why.startswith("uncalibrated")
    assert [(source.kind, source.level) for source in answer.sources] == [("memory", "knowledge")]
    assert answer.route is not None
    assert answer.route.kind == "question"
    assert model.requests == []


async def test_what_is_near_and_not_certain_is_shown_and_not_answered(store: Store):
    memory = remembering(store)
    await remember(memory, "the staging database moved to Bergen last week")
    answer = await ask(memory, "why did the staging database move?")
    assert (answer.status, answer.value) == ("abstained", None)
    assert "- the staging database moved to Bergen last week" in answer.text
    assert len(answer.sources) == 1
    assert answer.error is not None
    assert answer.error.hint == NO_ANSWER_HINT


async def test_nothing_in_memory_is_said_to_be_nothing(store: Store):
    answer = await ask(remembering(store), "who painted the ceiling?")
    assert answer.error is not None
    assert (answer.status, answer.sources) == ("abstained", ())
    assert answer.error.message.startswith("nothing in memory is about this")


@pytest.mark.parametrize(
    ("confidence", "status"), [(0.7, "answered"), (0.6, "abstained"), (0.2, "abstained")]
)
async def test_a_calibrated_level_answers_above_its_floor_and_not_on_it(
    store: Store, confidence: float, status: str
):
    level = Outside((Hit("r", "Oslo", "vector", Confidence(confidence), 1.0, "user", 1.0),))
    answer = await ask(remembering(store, level), "where is the office?")
    assert answer.status == status
    if status == "answered":
        assert (answer.text, answer.confidence, answer.degraded) == ("Oslo", confidence, ())


async def test_a_level_that_fails_is_named_and_the_others_answer(store: Store):
    memory = remembering(store, Outside(error=StoreFailed("the index is gone")))
    await remember(memory, "the office is in Oslo")
    answer = await ask(memory, "where is the office?")
    assert answer.status == "answered"
    assert ("memory.vector", "the index is gone") in [(fact.what, fact.why) for fact in answer.degraded]


async def test_without_memory_and_model_the_failure_is_the_answers(store: Store):
    broken = remembering(store, Outside(error=StoreFailed("gone")), alone=True)
    with open_run(), pytest.raises(StoreFailed):
        await orchestrator(broken).run(Utterance("where is the office?"))


async def test_without_memory_a_model_answers_and_says_so(store: Store):
    broken = remembering(store, Outside(error=StoreFailed("gone")), alone=True)
    answer = await ask(broken, "where is the office?", ScriptedModel(["In Oslo, I think."]))
    assert (answer.status, answer.text) == ("answered", "In Oslo, I think.")
    assert [(fact.what, fact.why) for fact in answer.degraded] == [("memory", "gone")]


async def test_a_model_is_asked_a_question_that_memory_cannot_answer_with_what_was_found_as_data(
    store: Store,
):
    memory = remembering(store)
    await remember(memory, "the staging database moved to Bergen last week")
    model = ScriptedModel(["Because of the flood."])
    answer = await ask(memory, "why did the staging database move?", model)
    assert (answer.status, answer.text) == ("answered", "Because of the flood.")
    (request,) = model.requests
    data = [part for part in request.messages[-1].parts if isinstance(part, Data)]
    assert [part.text for part in data] == ["the staging database moved to Bergen last week"]
    assert data[0].origin.startswith("memory ")
    assert [offer.name for offer in request.tools] == ["counter"]


async def test_a_model_is_asked_where_the_route_abstains(store: Store):
    model = ScriptedModel(["Hello!"])
    answer = await ask(remembering(store), "hello there", model)
    assert (answer.text, len(model.requests)) == ("Hello!", 1)
    assert answer.route is not None
    assert answer.route.kind == "abstain"


async def test_work_that_the_route_knows_goes_to_the_specialist_without_asking_who_is_meant(store: Store):
    def think(request: ModelRequest) -> ToolCall | str:
        assert [offer.name for offer in request.tools] == [
            "count"
        ]  # the specialist's model, not the orchestrator's
        done = [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]
        return f"It has {done[0].content}." if done else ToolCall("c", "count", {"word": "four"})

    answer = await ask(remembering(store), "count four", ScriptedModel([think, think]))
    assert (answer.status, answer.text) == ("answered", "It has 4.")


async def test_without_a_model_the_work_is_done_by_rules_and_typed_all_the_way(store: Store):
    answer = await ask(remembering(store), "count four")
    assert (answer.status, answer.value, answer.text) == ("answered", 4, "4")
    assert answer.understood_as is not None
    assert (answer.understood_as.tool, answer.understood_as.arguments) == ("count", {"word": "four"})
    assert answer.route is not None
    assert (answer.route.specialist, answer.route.tool) == ("counter", "count")
    assert answer.usage.tool_calls == 1


async def test_files_and_data_travel_to_the_specialist_and_the_conversation_does_not(store: Store):
    model = ScriptedModel(
        [ToolCall("c", "counter", {"request": "count the words"}), "three words", "There are three."]
    )
    with open_run():
        said = Utterance("hello there", {"a.txt": b"a b c"}, "piped", ("something earlier",))
        answer = await orchestrator(remembering(store), model).run(said)
    assert answer.text == "There are three."
    delegated = model.requests[1].messages[-1]
    assert delegated.text == "count the words"
    assert delegated.parts[1:] == (File("a.txt", b"a b c"), Data("piped", "standard input"))
    assert (answer.usage.model_calls, answer.usage.input_tokens) == (3, 3)


async def test_one_tenants_memory_answers_no_other(store: Store):
    memory = remembering(store)
    await memory.remember("our staging database is called pg-7", tenant="bob", session=None)
    answer = await ask(memory, "what is our staging database called?")
    assert (answer.status, answer.sources) == ("abstained", ())

"""Memory as users of the API reach it: each call is a run, guarded and written down like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from vana.kernel.answer import Answer

if TYPE_CHECKING:
    from vana.app.parts import Parts
    from vana.app.runs import Runs
    from vana.memory.recall import Recall, Remembered


class MemoryDoor:
    """Remember and recall, for one tenant."""

    __slots__ = ("_parts", "_runs", "_tenant")

    def __init__(self, parts: Parts, runs: Runs, tenant: str) -> None:
        self._parts, self._runs, self._tenant = parts, runs, tenant

    async def remember(self, text: str, *, session: str | None = None) -> Answer[Remembered]:
        """Keep *text* word for word. When the answer says `answered`, it is on disk."""

        async def work() -> Answer[object]:
            kept = await self._parts.memory.remember(text, tenant=self._tenant, session=session)
            return Answer(kept, "answered", f"Remembered: {text}" if kept.new else f"Already known: {text}")

        answer = await self._runs.run("remember", work, session=session)
        return cast("Answer[Remembered]", answer)  # work gives no other

    async def recall(self, query: str, *, k: int = 10, session: str | None = None) -> Recall:
        """Give what is remembered about *query*, best first, at most *k* memories.

        Raises:
            Failed: memory could not be searched; the message says why.
        """

        async def work() -> Answer[object]:
            found = await self._parts.memory.recall(query, tenant=self._tenant, session=session, k=k)
            return Answer(found, "answered")

        answer = await self._runs.run("recall", work, session=session)
        return cast("Recall", answer.unwrap())  # work gives no other

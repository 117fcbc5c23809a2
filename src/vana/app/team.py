"""Who is on the team: the installed specialists and the user's own, with what their tools get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

from vana.agents.delegation import Team
from vana.agents.guards import Guards
from vana.agents.orchestrator import Orchestrator
from vana.agents.router import Router
from vana.agents.specialist import SPECIALISTS, Card, Member, Specialist, ToolCard
from vana.kernel.errors import ConfigError
from vana.models.model import Model
from vana.models.registry import MODELS

if TYPE_CHECKING:
    from vana.app.parts import Parts


class Wiring:
    """One way in which the parts are put together. It does not change; `with_changes` gives another one."""

    def __init__(
        self, parts: Parts, own: Sequence[Specialist[object]], deps: object, model: Model | str | None
    ) -> None:
        self._parts, self._own, self._deps, self._model = parts, tuple(own), deps, model

    def with_changes(self, *, model: Model | str | None, deps: object) -> Wiring:
        """Give the same wiring with another model, other dependencies, or both."""
        return Wiring(
            self._parts,
            self._own,
            self._deps if deps is None else deps,
            self._model if model is None else model,
        )

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """Give the team by name.

        Raises:
            ConfigError: two have one name, or an installed one cannot be imported.
        """
        members: dict[str, Member] = {}
        for name in SPECIALISTS.names():
            installed = SPECIALISTS.load(name)
            members[name] = Member(
                cast("Specialist[object]", installed), self._parts.workbench, SPECIALISTS.origin(name)
            )
        for specialist in self._own:
            if specialist.name in members:
                message = f"two specialists are named {specialist.name!r}"
                raise ConfigError(message, hint=f"rename yours; taken are {', '.join(members)}")
            members[specialist.name] = Member(specialist, self._deps, "yours")
        return members

    @cached_property
    def team(self) -> Team:
        """Give the team with its model and its guards."""
        return Team(
            self.members,
            Guards(self._parts.stack),
            rules=MODELS.load("rules")(),
            model=self._language_model(),
            max_turns=self._parts.settings.run.max_turns,
        )

    @cached_property
    def router(self) -> Router:
        """Give the router over the team."""
        return Router({name: member.specialist for name, member in self.members.items()})

    @cached_property
    def orchestrator(self) -> Orchestrator:
        """Give the orchestrator over the team."""
        return Orchestrator(self.team, self.router, self._parts.memory)

    def _language_model(self) -> Model | None:
        """Give the model that writes prose; `None` when only the deterministic one is configured."""
        model = self._model or self._parts.settings.model.name
        opened = MODELS.load(model)() if isinstance(model, str) else model
        return opened if opened.card.writes_prose else None


def cards(members: Mapping[str, Member]) -> tuple[Card, ...]:
    """Give a card of each member, by name."""
    return tuple(_card(members[name]) for name in sorted(members))


def _card(member: Member) -> Card:
    specialist = member.specialist
    tools = tuple(
        ToolCard(tool.name, tool.description, tool.parameters) for tool in specialist.tools.values()
    )
    return Card(specialist.name, specialist.does, tools, member.origin)

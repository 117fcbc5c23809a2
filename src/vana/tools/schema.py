"""The arguments of a function as a JSON Schema and a validator, both read from its signature."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model

from vana.kernel.errors import ArgumentsInvalid, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vana.kernel.plain import JSON

_BY_POSITION = (
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
    inspect.Parameter.POSITIONAL_ONLY,
)


class _Arguments(BaseModel):
    """What every arguments model shares: nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class ArgumentSchema:
    """What a function may be called with."""

    target: str
    json_schema: Mapping[str, JSON]
    model: type[BaseModel]
    names: tuple[str, ...]

    def validate(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Give every argument by name, converted to its declared type, defaults filled in.

        Raises:
            ArgumentsInvalid: an argument is missing, unknown or of another type; the message names each.
        """
        try:
            checked = self.model.model_validate(dict(arguments))
        except ValidationError as error:
            faults = "; ".join(_told(item["loc"], item["msg"]) for item in error.errors())
            message = f"{self.target} cannot be called like that: {faults}"
            hint = f"it takes {', '.join(self.names) or 'no arguments'}"
            raise ArgumentsInvalid(message, hint=hint) from error
        return {name: getattr(checked, _field(index)) for index, name in enumerate(self.names)}


def schema_of(function: Callable[..., object], *, target: str, skip: int = 0) -> ArgumentSchema:
    """Give the schema of *function* without its first *skip* parameters.

    Fields are numbered and aliased: a parameter may have any name, also one that pydantic keeps for itself.

    Raises:
        ConfigError: a parameter has no annotation, an annotation cannot be resolved or has no schema, or the
            function takes arguments by position only or by `*` or `**`.
    """
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    hints = _hints(function, parameters, target)
    fields: dict[str, tuple[object, object]] = {}
    for index, parameter in enumerate(parameters):
        if parameter.kind in _BY_POSITION or parameter.name not in hints:
            message = f"{target}: the parameter {parameter.name!r} needs a name and a type of its own"
            raise ConfigError(message, hint="annotate every parameter of a tool; no *args and **kwargs")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[_field(index)] = (
            hints[parameter.name],
            Field(default, alias=parameter.name, title=parameter.name),
        )
    try:
        model = create_model("Arguments", __base__=_Arguments, **cast("dict[str, Any]", fields))
        described = model.model_json_schema(by_alias=True)
    except (PydanticUserError, TypeError, NameError) as error:
        message = f"{target}: its parameters have no JSON Schema: {error}"
        raise ConfigError(message) from error
    return ArgumentSchema(target, _tidy(described), model, tuple(parameter.name for parameter in parameters))


def _field(index: int) -> str:
    return f"argument_{index}"


def _hints(
    function: Callable[..., object], parameters: Sequence[inspect.Parameter], target: str
) -> dict[str, object]:
    """Give the types of *parameters* alone: what the context or the result is need not be importable."""
    annotations = {one.name: one.annotation for one in parameters if one.annotation is not one.empty}
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return get_type_hints(SimpleNamespace(__annotations__=annotations), scope, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        message = f"{target}: an annotation cannot be resolved: {error}"
        raise ConfigError(message, hint="define the types of a tool's parameters at module level") from error


def _told(place: tuple[int | str, ...], what: str) -> str:
    return f"{'.'.join(map(str, place)) or 'arguments'}: {what[:1].lower()}{what[1:]}"


def _tidy(described: dict[str, JSON]) -> dict[str, JSON]:
    """Drop the titles that only repeat names: they cost tokens in every request."""
    properties = described.get("properties")
    if isinstance(properties, dict):
        for value in properties.values():
            if isinstance(value, dict):
                value.pop("title", None)
    described.pop("title", None)
    return described

from __future__ import annotations

import enum
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import jsonschema
import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from vana.kernel.errors import ArgumentsInvalid, ConfigError
from vana.tools.schema import ArgumentSchema, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from vana.kernel.plain import JSON


@dataclass
class Place:
    city: str
    country: str = "NO"


class Options(TypedDict):
    strict: bool


class Window(BaseModel):
    start: int = Field(ge=0)


class Unit(enum.Enum):
    C = "c"
    F = "f"


async def everything(  # noqa: PLR0913, PLR0917 - one parameter of each kind
    place: Place,
    options: Options,
    window: Window,
    unit: Literal["c", "f"],
    scale: Unit,
    content: bytes,
    path: Path,
    note: str | None = None,
    days: Annotated[int, Field(ge=1, le=14)] = 3,
) -> Decimal:
    """Take one of each; what it gives back need not be importable at run time."""
    raise NotImplementedError


def made(function: Callable[..., object], skip: int = 0) -> ArgumentSchema:
    return schema_of(function, target="s.t", skip=skip)


def is_valid(arguments: Mapping[str, JSON], schema: Mapping[str, JSON]) -> bool:
    try:
        jsonschema.validate(arguments, cast("dict[str, JSON]", schema))
    except jsonschema.ValidationError:
        return False
    return True


GIVEN: Mapping[str, JSON] = {
    "place": {"city": "Oslo"},
    "options": {"strict": True},
    "window": {"start": 0},
    "unit": "c",
    "scale": "f",
    "content": "raw",
    "path": "a/b.txt",
}


def test_arguments_come_back_as_their_declared_types_with_defaults_filled_in():
    assert made(everything).validate(GIVEN) == {
        "place": Place("Oslo", "NO"),
        "options": {"strict": True},
        "window": Window(start=0),
        "unit": "c",
        "scale": Unit.F,
        "content": b"raw",
        "path": Path("a/b.txt"),
        "note": None,
        "days": 3,
    }


def test_the_schema_is_one_that_judges_the_same_arguments():
    schema = made(everything).json_schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert is_valid(GIVEN, schema)
    for wrong in (
        {**GIVEN, "days": 0},
        {**GIVEN, "unit": "k"},
        {**GIVEN, "more": 1},
        {"place": GIVEN["place"]},
    ):
        assert not is_valid(wrong, schema)


def test_the_schema_says_what_is_required_and_what_is_the_default():
    schema = made(everything).json_schema
    assert schema["required"] == list(GIVEN)
    properties = cast("dict[str, dict[str, JSON]]", schema["properties"])
    assert properties["days"] == {"default": 3, "maximum": 14, "minimum": 1, "type": "integer"}
    assert schema["additionalProperties"] is False


def test_a_default_is_not_shared_between_calls():
    async def f(found: list[str] = []) -> None: ...  # noqa: B006 - what users write

    first = made(f).validate({})["found"]
    cast("list[str]", first).append("x")
    assert made(f).validate({})["found"] == []


@pytest.mark.parametrize(
    "name",
    [
        "schema",
        "model_config",
        "model_fields",
        "copy",
        "json",
        "dict",
        "_x",
        "__y",
        "self",
        "validate",
        "argument_0",
        "cls",
    ],
)
def test_a_parameter_may_have_any_name(name: str):
    scope: dict[str, Callable[..., object]] = {}
    exec(f"async def f(argument_1: str, {name}: int): ...", scope)  # noqa: S102 - the name is the test
    assert made(scope["f"]).validate({"argument_1": "a", name: 1}) == {"argument_1": "a", name: 1}
    assert set(cast("dict[str, JSON]", made(scope["f"]).json_schema["properties"])) == {"argument_1", name}


def declared(signature: str) -> Callable[..., object]:
    """Give a function that a type checker would not let stand."""
    scope: dict[str, object] = {"typing": typing}
    exec(f"from __future__ import annotations\nasync def f({signature}): ...", scope)  # noqa: S102
    return cast("Callable[..., object]", scope["f"])


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("city", "city"),
        ("*cities: str", "cities"),
        ("**cities: str", "cities"),
        ("city: str, /", "city"),
        ("city: Nowhere", "Nowhere"),
        ("city: typing.Nowhere", "Nowhere"),
        ("city: 'list['", "list["),
        ("city: typing.Callable[[int], int]", "JSON Schema"),
        ("city: open", "open"),
    ],
)
def test_a_signature_without_a_schema_is_an_error_that_says_where(signature: str, names: str):
    with pytest.raises(ConfigError) as caught:
        made(declared(signature))
    assert "s.t" in caught.value.message
    assert names in caught.value.message


def test_what_is_skipped_and_what_is_given_back_need_no_importable_type():
    function = declared("ctx: Context[Nowhere], city: str")
    function.__annotations__["return"] = "Nowhere"
    assert made(function, skip=1).validate({"city": "Oslo"}) == {"city": "Oslo"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, ("city: field required", "days: field required")),
        ({"city": "Oslo", "days": "many"}, ("days: input should be a valid integer",)),
        ({"city": "Oslo", "days": 1, "dyas": 2, "town": 3}, ("dyas: extra", "town: extra")),
        ({"city": "Oslo", "days": 1, "argument_0": 2}, ("argument_0: extra",)),
        ({"city": {"name": "Oslo"}, "days": 1}, ("city: input should be a valid string",)),
    ],
)
def test_each_wrong_argument_is_named(arguments: dict[str, object], said: tuple[str, ...]):
    async def forecast(city: str, days: int) -> None: ...

    with pytest.raises(ArgumentsInvalid) as caught:
        made(forecast).validate(arguments)
    for part in said:
        assert part in caught.value.message
    assert caught.value.hint == "it takes city, days"


def test_a_fault_deep_inside_is_named_by_its_path():
    with pytest.raises(ArgumentsInvalid, match=r"place\.city: field required"):
        made(everything).validate({**GIVEN, "place": {"country": "SE"}})


def test_a_function_without_parameters_takes_nothing():
    async def ping() -> None: ...

    assert made(ping).validate({}) == {}
    with pytest.raises(ArgumentsInvalid) as caught:
        made(ping).validate({"x": 1})
    assert caught.value.hint == "it takes no arguments"

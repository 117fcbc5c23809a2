from __future__ import annotations

from dataclasses import dataclass, field

from vana.layers.recipe import name_of, written


@dataclass(frozen=True)
class Recipe:
    first: int
    second: str
    third: float = 1.5
    fourth: object = field(default=None, repr=False)


def test_required_settings_stand_alone_and_others_with_their_names_where_not_default():
    assert written(Recipe(1, "b")) == "Recipe(1, 'b')"
    assert written(Recipe(1, "b", 2.5, "hidden")) == "Recipe(1, 'b', third=2.5)"


class Called:
    def __call__(self) -> None:
        pass


def test_a_function_is_shown_by_its_name_and_an_object_that_is_called_by_its_type():
    assert name_of(written) == "written"
    assert name_of(Called()) == "Called"

"""How sure an answer is, as a number that means a probability or is absent."""

from __future__ import annotations

import math
from typing import Self

from vana.kernel.errors import UsageError


class Confidence(float):
    """A calibrated probability in [0, 1] that a value is right.

    A raw score (a cosine, a BM25 sum) is not one. Where nothing is calibrated, use `None`.

    Raises:
        UsageError: the number is outside [0, 1] or not a number.
    """

    __slots__ = ()

    def __new__(cls, probability: float) -> Self:
        """Give *probability* as a confidence, once it is one."""
        if math.isnan(probability) or not 0.0 <= probability <= 1.0:
            message = f"a confidence is a probability from 0 to 1, not {probability!r}"
            raise UsageError(message, hint="use None where nothing is calibrated")
        return super().__new__(cls, probability)

"""Yes/no answers and numbers of a questionnaire, listed by the file's column that holds them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from signature.assay.recode import YES_NO, coded
from signature.study.schema import Column, Role, Scale

Answers = Mapping[str, tuple[str, str, str]]
"""Column of the file → name, group, label."""

Numbers = Mapping[str, tuple[str, str, str, str, float, float]]
"""Column of the file → name, group, label, unit, low, high."""


def answer_columns(answers: Answers, source: str) -> tuple[Column, ...]:
    """Describe yes/no answers as clinical columns."""
    return tuple(
        Column(name, Role.CLINICAL, group, label, "", Scale.YES_NO, 0, 1, source=source)
        for name, group, label in answers.values()
    )


def number_columns(numbers: Numbers, source: str) -> tuple[Column, ...]:
    """Describe numbers as clinical columns."""
    return tuple(
        Column(name, Role.CLINICAL, group, label, unit, Scale.LINEAR, low, high, source=source)
        for name, group, label, unit, low, high in numbers.values()
    )


def read_answers(table: pd.DataFrame, answers: Answers, where: str) -> dict[str, pd.Series]:
    """Read yes/no answers as 1 and 0, by name; see `signature.assay.recode.coded`."""
    return {
        name: coded(table[source], YES_NO, where=where) for source, (name, *_) in answers.items()
    }

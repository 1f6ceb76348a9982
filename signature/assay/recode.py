"""Turn the answers of a form into numbers, without guessing.

Every function counts cells it does not understand and says so; none repeats a cell.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from signature.exceptions import TableError
from signature.prepare.ratios import fill
from signature.study.schema import FeatureSchema, Role

YES_NO = {
    **dict.fromkeys(("Yes", "Y", "1", "1.0"), 1.0),
    **dict.fromkeys(("No", "N", "0", "0.0"), 0.0),
}
"""How forms write yes and no."""


def coded(answers: pd.Series, codes: Mapping[str, float], *, where: str) -> pd.Series:
    """Replace each answer by its number; a missing answer stays missing.

    Parameters
    ----------
    answers : Series of str
        As `signature.study.tables.clean_text` leaves it.
    codes : mapping of answer to number
        All answers that the form knows.
    where : str
        Name of the file or data set, for the message.

    Raises
    ------
    TableError
        When a row holds an answer that the form does not know.

    Examples
    --------
    >>> coded(pd.Series(["Yes", None, "N"]), YES_NO, where="form").tolist()
    [1.0, nan, 0.0]
    """
    numbers = answers.map(dict(codes)).astype("float64")
    odd = int((numbers.isna() & answers.notna()).sum())
    if odd:
        raise TableError(
            f"{where}: {odd} of {len(answers)} rows of {answers.name!r} hold something other than "
            + ", ".join(map(repr, codes))
        )
    return numbers


def named(codes: pd.Series, names: Mapping[str, str], *, where: str) -> pd.Series:
    """Replace each code by the name that it stands for, as those of a trial's arms.

    Parameters
    ----------
    codes : Series of str
        Complete: a code that is missing counts as unknown.
    names : mapping of code to name
    where : str
        Name of the file or data set, for the message.

    Raises
    ------
    TableError
        When a row holds no code, or one without a name.

    Examples
    --------
    >>> named(pd.Series(["1", "0"]), {"0": "placebo", "1": "drug"}, where="trial").tolist()
    ['drug', 'placebo']
    """
    unknown = int((~codes.isin(names)).sum())
    if unknown:
        raise TableError(
            f"{where}: {unknown} of {len(codes)} rows of {codes.name!r} hold something other than "
            + ", ".join(map(repr, names))
        )
    return codes.map(dict(names))


def levels(answers: pd.Series, names: Mapping[str, str], *, where: str) -> dict[str, pd.Series]:
    """Make one 0/1 column per named level; an unknown answer is missing in all of them.

    Parameters
    ----------
    answers : Series of str
        One categorical column.
    names : mapping of answer to column name
        All levels; the one mapped to an empty name is the reference and gets no column.
    where : str
        Name of the file or data set, for the message.
    """
    order = {answer: float(i) for i, answer in enumerate(names)}
    code = coded(answers, order, where=where)
    return {
        name: code.eq(order[answer]).astype("float64").where(code.notna())
        for answer, name in names.items()
        if name
    }


def zero_if_no(values: pd.Series, parent: pd.Series) -> pd.Series:
    """Fill a question that was not asked because its parent was answered "no".

    Cigarettes per day of a non-smoker are 0, not unknown. A smoker who left the number open stays
    missing.
    """
    return values.mask(values.isna() & parent.eq(0), 0.0)


def below(values: pd.Series, limit: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Split a marker into what was measured and the limit that it was below.

    Parameters
    ----------
    values : Series of float
        Reported numbers, some of them standing for "below the limit".
    limit : Series of float
        The limit on the rows that are below it, missing elsewhere.
    """
    return values.mask(limit.notna()), limit


def features(schema: FeatureSchema, columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Put columns in the order of the schema.

    A limit that never applied is empty; a ratio is computed where it is not given.
    """
    index = next(iter(columns.values())).index
    empty = pd.Series(float("nan"), index=index)
    optional = {c.name for c in schema.columns if c.over or c.role is Role.LIMIT}
    X = pd.DataFrame(
        {n: columns.get(n, empty) if n in optional else columns[n] for n in schema.names},
        index=index,
    )
    return fill(X.astype("float64"), schema)

"""What a partner can measure, and at which cost: as typed, and from a TOML file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from signature.declared import read_toml
from signature.exceptions import ExperimentError
from signature.study.schema import FeatureSchema


@dataclass(frozen=True)
class Reach:
    """Markers of the panel that can be measured, in its order, and their prices where known.

    `cost` holds no price, or one of every marker in `measured`, and may price others.
    """

    measured: tuple[str, ...]
    cost: dict[str, float]


def read_reach(measured: str | None, cost: Path | None, schema: FeatureSchema) -> Reach | None:
    """Read what a partner can do; None where nothing was said.

    Parameters
    ----------
    measured : str, optional
        Names with commas between them; all that have a price when left out.
    cost : Path, optional
        TOML, one line per marker: ``IL6 = 3.5``; any currency.
    schema : FeatureSchema

    Raises
    ------
    ExperimentError
        When a name is no marker of the panel, or a cost is missing or no number from 0 up.
    """
    if measured is None and cost is None:
        return None
    prices: dict[str, float] = {}
    if cost is not None:
        if not cost.is_file():
            raise ExperimentError(f"no file {cost.name!r} in {cost.parent}")
        prices = _prices(read_toml(cost, ExperimentError), cost.name)
        _known(prices, schema, cost.name)
    if measured is None:
        wanted = set(prices)
    else:
        wanted = {name.strip() for name in measured.split(",") if name.strip()}
    _known(wanted, schema, "--measured")
    if not wanted:
        raise ExperimentError("no marker is named that can be measured")
    free = sorted(wanted - set(prices))
    if prices and free:
        raise ExperimentError(f"no cost is given for {', '.join(free)}; 0 is a cost")
    return Reach(tuple(n for n in schema.panel if n in wanted), prices)


def _prices(table: dict[str, object], where: str) -> dict[str, float]:
    prices = {}
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
            raise ExperimentError(f"{where}: the cost of {name!r} must be a number from 0 up")
        prices[name] = float(value)
    return prices


def _known(names: Iterable[str], schema: FeatureSchema, where: str) -> None:
    strange = sorted(set(names) - set(schema.panel))
    if strange:
        raise ExperimentError(
            f"{where}: no marker of the panel is called {', '.join(map(repr, strange))}; there "
            f"are {', '.join(schema.panel)}"
        )

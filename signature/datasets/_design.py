"""What a simulated cohort is made of: every parameter, and what each may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from signature.exceptions import DefinitionError

CLINICAL = ("age", "female", "bmi", "smoker")
"""Clinical columns that every simulated person has."""

_NAMED = (
    "CRP", "IL6", "TNF", "IL1B", "CXCL8", "IL10", "IFNG", "IL17A", "IL18", "IL1RN", "CCL2", "CCL3",
    "CCL4", "CCL11", "CXCL9", "CXCL10", "VEGFA", "HGF", "FGF21", "BDNF", "TNFRSF1A", "TNFRSF1B",
    "IL6R", "MMP9",
)  # fmt: skip

Effects = Mapping[str, float]


def _clinical() -> dict[str, dict[str, float]]:
    return {
        "CRP": {"bmi": 0.40, "smoker": 0.15, "female": 0.10},
        "IL6": {"bmi": 0.25, "age": 0.25, "smoker": 0.10},
        "TNF": {"age": 0.20},
    }


@dataclass(frozen=True)
class Design:
    """Parameters of a simulated cohort; `signature.datasets.simulate` has the equations.

    Effects on a marker are correlations; effects on the outcome are log-odds per SD. Mappings go
    from the name of a marker or clinical column (`CLINICAL`) to a number; what is not named is 0.

    Parameters
    ----------
    n_people, n_sites, plates_per_site, n_visits : int
        Sizes. A person has one site, one plate and all visits.
    n_markers : int
        The first ones bear names of the vocabulary, beginning with CRP; the 25th and later are
        called ``marker_001`` and so on.
    block_size : int
        Consecutive markers that form a block.
    within, between : float
        Correlation of two markers in one block, and in two; 0 ≤ between ≤ within < 1.
    stability : float
        Correlation of a marker with itself between the first and a later visit, within [0, 1].
    log2_median, log2_sd : float
        Of every marker, in pg/mL (CRP in mg/L).
    noise_sd : float
        SD of the measurement error on the log2 scale.
    clinical : mapping of marker to mapping of clinical column to float
        Correlation of the marker with age, sex, log BMI and smoking. The default ties CRP and
        IL-6 to BMI, which the default `prognostic` ties to the outcome: BMI confounds CRP.
    prognostic, predictive : mapping of name to float
        Log-odds per SD: of markers and clinical columns in both arms, and of markers in addition
        in the treated arm.
    arms : bool
        Whether there is a treated and a control arm, randomised one to one.
    arm_effect : float
        Log-odds of treatment for a person with average markers.
    treatment_shift : mapping of marker to float
        By how much a marker of the treated arm differs at later visits, in log2 units.
    event_rate : float or tuple of float
        Mean true probability of the event, one for all sites or one for each.
    site_shift_sd, plate_shift_sd : float
        SD of the additive shifts on the log2 scale, by site and marker and by plate and marker.
    plate_scale_sd : float
        SD of the logarithm of the factor by which a plate stretches all markers.
    plate_confounding : float
        Share of people who are put on a plate by their outcome, within [0, 1].
    below_limit : float or mapping of marker to float
        Share of values below the detection limit; 0 is a marker without limits.
    limit_spread : float
        SD, on the logit scale, of that share between plates.
    missing_rate : float
        Share of measurements that are missing.
    missing_mechanism : {"MCAR", "MAR", "MNAR"}
        Whether a measurement is missing at random, by the age of the person, or by its own true
        value (Rubin 1976).
    missing_slope : float
        Log-odds of being missing per SD of age (MAR) or of the value (MNAR).

    Raises
    ------
    DefinitionError
        When a parameter is out of its range, names no marker, or contradicts another.
    """

    n_people: int = 400
    n_sites: int = 3
    plates_per_site: int = 3
    n_visits: int = 1
    n_markers: int = 24
    block_size: int = 4
    within: float = 0.5
    between: float = 0.1
    stability: float = 0.7
    log2_median: float = 4.0
    log2_sd: float = 1.0
    noise_sd: float = 0.1
    clinical: Mapping[str, Effects] = field(default_factory=_clinical)
    prognostic: Effects = field(
        default_factory=lambda: {"age": 0.3, "bmi": 0.3, "IL6": 0.6, "CXCL8": -0.4}
    )
    predictive: Effects = field(default_factory=lambda: {"TNF": -0.5})
    arms: bool = True
    arm_effect: float = -0.4
    treatment_shift: Effects = field(default_factory=dict)
    event_rate: float | tuple[float, ...] = 0.4
    site_shift_sd: float = 0.2
    plate_shift_sd: float = 0.2
    plate_scale_sd: float = 0.0
    plate_confounding: float = 0.0
    below_limit: float | Effects = 0.1
    limit_spread: float = 0.3
    missing_rate: float = 0.05
    missing_mechanism: Literal["MCAR", "MAR", "MNAR"] = "MCAR"
    missing_slope: float = 1.0

    def __post_init__(self) -> None:
        for name in ("n_people", "n_sites", "plates_per_site", "n_visits", "n_markers"):
            self._whole(name)
        self._whole("block_size")
        self._within("log2_sd", self.log2_sd, 1e-9, 10)
        for name in _SPREADS:
            self._within(name, getattr(self, name), 0, 10)
        self._within("within", self.within, 0, 0.999999)
        self._within("between", self.between, 0, self.within)
        self._within("stability", self.stability, 0, 1)
        self._within("plate_confounding", self.plate_confounding, 0, 1)
        self._within("missing_rate", self.missing_rate, 0, 0.99)
        self._check_rates()
        self._check_effects()
        if self.missing_mechanism not in ("MCAR", "MAR", "MNAR"):
            raise DefinitionError(
                f"design: 'missing_mechanism' must be MCAR, MAR or MNAR, "
                f"got {self.missing_mechanism!r}"
            )
        if self.plate_confounding and self.plates_per_site < 2:
            raise DefinitionError(
                "design: 'plate_confounding' needs two plates per site or more; "
                "raise 'plates_per_site'"
            )

    @property
    def markers(self) -> tuple[str, ...]:
        """Names of the markers, in order."""
        more = range(1, self.n_markers - len(_NAMED) + 1)
        return (*_NAMED[: self.n_markers], *(f"marker_{i:03d}" for i in more))

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites."""
        return tuple(f"site {i + 1}" for i in range(self.n_sites))

    @property
    def event_rates(self) -> tuple[float, ...]:
        """Event rate of each site."""
        rate = self.event_rate
        return rate if isinstance(rate, tuple) else (rate,) * self.n_sites

    def share_below(self, marker: str) -> float:
        """Share of a marker's values that lie below its limit."""
        share = self.below_limit
        return share.get(marker, 0.0) if isinstance(share, Mapping) else share

    def _whole(self, name: str) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise DefinitionError(f"design: {name!r} must be a whole number of 1 or more")

    @staticmethod
    def _within(name: str, value: object, low: float, high: float) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DefinitionError(f"design: {name!r} must be a number, got {type(value).__name__}")
        if not low <= value <= high:
            raise DefinitionError(f"design: {name!r} must be from {low} to {high}, got {value}")

    def _check_rates(self) -> None:
        if len(self.event_rates) != self.n_sites:
            raise DefinitionError(
                f"design: 'event_rate' has {len(self.event_rates)} rates for {self.n_sites} sites; "
                "give one for all, or one for each"
            )
        for rate in self.event_rates:
            self._within("event_rate", rate, 0.001, 0.999)
        if isinstance(self.below_limit, Mapping):
            self._known("below_limit", self.below_limit, self.markers)
            shares = list(self.below_limit.values())
        else:
            shares = [self.below_limit]
        for share in shares:
            self._within("below_limit", share, 0, 0.99)

    def _check_effects(self) -> None:
        self._known("clinical", self.clinical, self.markers)
        for marker, effects in self.clinical.items():
            self._known("clinical", effects, CLINICAL)
            if sum(r * r for r in effects.values()) >= 1:
                raise DefinitionError(
                    f"design: 'clinical' leaves {marker!r} no variance of its own; the squares of "
                    "its correlations must add up to less than 1"
                )
        self._known("prognostic", self.prognostic, (*CLINICAL, *self.markers))
        self._known("predictive", self.predictive, self.markers)
        self._known("treatment_shift", self.treatment_shift, self.markers)
        for name in ("prognostic", "predictive", "treatment_shift"):
            for value in getattr(self, name).values():
                self._within(name, value, -20, 20)
        for name in ("arm_effect", "missing_slope", "log2_median"):
            self._within(name, getattr(self, name), -20, 20)
        if not self.arms and (self.predictive or self.arm_effect or self.treatment_shift):
            raise DefinitionError(
                "design: 'predictive', 'arm_effect' and 'treatment_shift' need two arms; "
                "set 'arms', or leave them at nothing"
            )

    @staticmethod
    def _known(name: str, effects: Mapping[str, object], known: tuple[str, ...]) -> None:
        strange = sorted(set(effects) - set(known))
        if strange:
            raise DefinitionError(
                f"design: {name!r} names {', '.join(map(repr, strange))}, which this design does "
                f"not have; it has: {', '.join(known)}"
            )


_SPREADS = ("noise_sd", "site_shift_sd", "plate_shift_sd", "plate_scale_sd", "limit_spread")

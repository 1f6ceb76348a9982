"""Whether plates go together with the outcome, and markers give the plate away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from signature.check.association import association
from signature.check.report import Finding, Severity, Table, listed, percent
from signature.check.view import FEWEST, View
from signature.check.whose_plate import Guess, guess_groups

LEVEL = 0.005
"""Chance of a false alarm of one test."""

WEAK = 0.1
"""Cramér's V up to which plates and outcome go together too little to matter."""

MATTERS = 0.2
"""Share of the way from chance to certainty that the markers must cover to be worth a warning."""

COINCIDE = 0.6
"""Cramér's V from which plates and sites can hardly be told apart."""

FOLDS = 5


def findings(view: View) -> Iterator[Finding]:
    """Look at the outcome by site and plate, at plates by site, and at the markers by plate."""
    outcome, linked = view.outcome, False
    for word, by in view.groups().items():
        found = None if outcome is None else _with_outcome(view, outcome, word, by)
        if found:
            linked = linked or word == "plate"
            yield found
    yield from _nested(view)
    yield from _guessed(view, linked=linked)


def _with_outcome(view: View, known: pd.Series, word: str, by: pd.Series) -> Finding | None:
    use = view.one_each & known.notna().to_numpy() & by.notna().to_numpy()
    groups, outcome = by[use], known[use].astype("int64")
    counts = pd.crosstab(groups, outcome).to_numpy()
    if counts.shape[0] < 2 or counts.shape[1] < 2:
        return None
    p, v = association(counts)
    if p >= LEVEL or v < WEAK:
        return None
    pure = bool((counts.min(axis=1) == 0).all())
    area = _outcome_from_group(groups.to_numpy(), outcome.to_numpy())
    sentence = (
        f"{word.capitalize()} and outcome go together (Cramér's V {v:.2f}, p {_p(p)}, "
        f"{len(groups):,} people)"
    )
    if pure:
        sentence = f"Every {word} holds one outcome only: {word} and outcome cannot be told apart"
    if area is not None:
        sentence += f"; the {word} alone predicts the outcome with a held-out AUROC of {area:.2f}"
    action = {
        "plate": (
            "A model that reads the plate off the markers will look good and be worthless: "
            "harmonise within the folds, keep plates together in folds, compare with a model of "
            "the plate alone."
        ),
        "site": (
            "Sites may treat different people; validate by leaving sites out, and compare with a "
            "model of the site alone."
        ),
    }[word]
    severity = Severity.ERROR if pure and word == "plate" else Severity.WARNING
    return Finding(
        severity=severity,
        code=f"{word}_outcome",
        sentence=sentence,
        action=action,
        counts={"cramers_v": round(v, 3), "p": p, "people": len(groups)}
        | ({} if area is None else {"auroc": round(area, 3)}),
    )


def _outcome_from_group(groups: np.ndarray, outcome: np.ndarray) -> float | None:
    """Return the held-out AUROC of a model that knows the group alone."""
    if min(np.bincount(outcome, minlength=2)) < FOLDS:
        return None
    codes, names = pd.factorize(groups)
    rng = np.random.default_rng(0)
    # folds that share out both classes
    fold = np.empty(len(outcome), dtype=int)
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(outcome == label))
        fold[rows] = np.arange(len(rows)) % FOLDS
    score = np.empty(len(outcome))
    for k in range(FOLDS):
        train = fold != k
        events = np.bincount(codes[train], weights=outcome[train], minlength=len(names))
        people = np.bincount(codes[train], minlength=len(names))
        # one person of average risk keeps a group of few from certainty
        rate = (events + outcome[train].mean()) / (people + 1)
        score[~train] = rate[codes[~train]]
    return float(roc_auc_score(outcome, score))


def _nested(view: View) -> Iterator[Finding]:
    if view.site is None or view.batch is None:
        return
    sentence = "Each plate holds the samples of one site only"
    if not view.nested:
        use = view.one_each & view.site.notna().to_numpy() & view.batch.notna().to_numpy()
        p, v = association(pd.crosstab(view.batch[use], view.site[use]).to_numpy())
        if p >= LEVEL or v < COINCIDE:
            return
        sentence = f"Plates and sites nearly coincide (Cramér's V {v:.2f})"
    found = _guess(view, view.site)
    shifted = found is not None and found.p <= LEVEL and found.gain >= MATTERS
    if found is not None and shifted:
        sentence += (
            f", and the markers give the site away: {percent(found.accuracy)} of held-out people "
            f"are put on their site, {percent(found.chance)} by chance (p {_p(found.p)}); whether "
            "the assay or the people differ cannot be told"
        )
    yield Finding(
        severity=Severity.WARNING if shifted else Severity.NOTE,
        code="plates_in_sites",
        sentence=sentence,
        action=(
            "Harmonising plates also takes out what differs between sites; samples of several "
            "sites on one plate, or bridge samples, would tell them apart."
        ),
        columns=tuple(view.markers[i] for i in found.apart) if found and shifted else (),
    )


def _guess(view: View, groups: pd.Series, within: pd.Series | None = None) -> Guess | None:
    if not view.markers:
        return None
    use = view.one_each & groups.notna().to_numpy()
    values = np.column_stack([view.ranked(n)[use] for n in view.markers])
    return guess_groups(
        values, groups[use].to_numpy(), within=None if within is None else within[use]
    )


def _guessed(view: View, *, linked: bool) -> Iterator[Finding]:
    if view.batch is None or view.batch.nunique() < 2:
        return
    found = _guess(view, view.batch, view.site)
    if found is None or found.p > LEVEL:
        return
    matters = found.gain >= MATTERS
    apart = [view.markers[i] for i in found.apart]
    yield Finding(
        severity=Severity.WARNING if matters or (linked and found.gain >= 0.1) else Severity.NOTE,
        code="markers_predict_plate",
        sentence=(
            f"The markers give the plate away: {percent(found.accuracy)} of held-out people are "
            f"put on their plate, {percent(found.chance)} by chance (p {_p(found.p)})"
            + (" within sites" if found.within else "")
            + (f"; most by {listed(apart)}" if apart else "")
        ),
        action=(
            "Plates shift the values: harmonise inside the folds by bridge samples or ComBat, and "
            "ask whether plates also hold different people."
        ),
        columns=tuple(apart),
        counts={
            "accuracy": round(found.accuracy, 3),
            "chance": round(found.chance, 3),
            "p": found.p,
            "people": found.people,
        },
    )


def table(view: View) -> Table | None:
    """Outcome by plate, or by site where there is no plate; small groups are not shown."""
    if view.outcome is None or not view.groups():
        return None
    word, by = list(view.groups().items())[-1]
    use = view.one_each & view.outcome.notna().to_numpy() & by.notna().to_numpy()
    counts = view.outcome[use].groupby(by[use]).agg(["size", "mean"])
    counts = counts[counts["size"] >= FEWEST].sort_index()
    if counts.empty:
        return None
    return Table(
        name="outcome",
        title=f"People and share with the outcome, by {word}",
        columns=(word, "people", "share"),
        rows=tuple((str(g), int(n), round(float(s), 4)) for g, n, s in counts.itertuples()),
    )


def _p(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"= {p:.2g}"

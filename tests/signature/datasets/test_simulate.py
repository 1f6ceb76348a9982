"""Simulated cohorts: what was put in is found again, and one part does not move another."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from signature.datasets.simulate import Design, load, simulate
from signature.exceptions import DefinitionError
from signature.study import markers
from signature.study.schema import BELOW

BARE = Design(
    n_people=3000,
    n_markers=8,
    clinical={},
    prognostic={},
    predictive={},
    arm_effect=0.0,
    site_shift_sd=0.0,
    plate_shift_sd=0.0,
    noise_sd=0.0,
    below_limit=0.0,
    missing_rate=0.0,
)
"""Nothing but correlated markers and a coin."""


def logistic(columns, event):
    """Return coefficients and standard errors of an unpenalised logistic regression."""
    X = np.column_stack([np.ones(len(event)), columns])
    beta = np.zeros(X.shape[1])
    for _ in range(25):
        p = expit(X @ beta)
        information = X.T @ (X * (p * (1 - p))[:, None])
        beta += np.linalg.solve(information, X.T @ (event - p))
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def event_of(drawn):
    return drawn.cohort.records["event"].to_numpy()


# Structure


def test_the_default_is_a_cohort_that_a_run_can_use(with_outcome):
    cohort = with_outcome(load(), "simulated_response").at_sites("site")
    assert (len(cohort), cohort.site.nunique(), set(cohort.arm)) == (
        400,
        3,
        {"treatment", "control"},
    )
    assert 0.3 < cohort.outcome.mean() < 0.5
    chosen = cohort.schema.choose(baseline=["demographics", "body size"], panel=["cytokine"])
    assert {"IL6", "TNF"} < set(chosen.panel)


def test_markers_bear_canonical_names_then_numbers():
    design = Design(n_markers=26)
    assert design.markers[0] == "CRP"
    assert set(design.markers[:24]) <= set(markers.VOCABULARY)
    assert design.markers[24:] == ("marker_001", "marker_002")
    schema = simulate(replace(design, n_people=20), seed=1).cohort.schema
    assert schema["marker_001"].group == "simulated"
    assert schema["CXCL10"].group == "chemokine"


def test_detection_limits_only_where_they_are_designed():
    design = replace(BARE, n_people=50, below_limit={"IL6": 0.5})
    assert simulate(design, seed=1).cohort.schema.limits == ("IL6" + BELOW,)


def test_visits_share_person_site_arm_plate_and_event():
    drawn = simulate(replace(BARE, n_people=100, n_visits=3), seed=4)
    cohort = drawn.cohort
    assert cohort.visit.value_counts().to_dict() == {"V1": 100, "V2": 100, "V3": 100}
    fixed = pd.DataFrame({"arm": cohort.arm, "plate": cohort.plate, **cohort.records})
    assert (fixed.groupby(cohort.subject).nunique() == 1).all(axis=None)
    assert (cohort.X[["age", "bmi"]].groupby(cohort.subject).nunique() == 1).all(axis=None)


# Recovery


def test_blocks_are_correlated_as_designed():
    design = replace(BARE, within=0.6, between=0.2)
    drawn = simulate(design, seed=11)
    found = np.log2(drawn.cohort.X[list(design.markers)]).corr().to_numpy()
    truth = drawn.truth.correlation.to_numpy()
    assert truth[0, 1] == pytest.approx(0.6)
    assert truth[0, 7] == pytest.approx(0.2)
    # the SE of a correlation is (1 - r²) / √n; 28 pairs
    assert (np.abs(found - truth) <= 4 * (1 - truth**2) / np.sqrt(design.n_people)).all()


def test_values_are_log_normal_with_the_median_and_spread_of_the_design():
    drawn = simulate(replace(BARE, log2_median=6.0, log2_sd=1.5), seed=12)
    logs = np.log2(drawn.cohort.X["TNF"])
    assert logs.mean() == pytest.approx(6.0, abs=4 * 1.5 / np.sqrt(3000))
    assert logs.std() == pytest.approx(1.5, abs=4 * 1.5 / np.sqrt(6000))
    assert logs.skew() == pytest.approx(0, abs=4 * np.sqrt(6 / 3000))


def test_bmi_and_crp_are_correlated_as_designed():
    drawn = simulate(replace(BARE, clinical={"CRP": {"bmi": 0.4, "smoker": -0.3}}), seed=13)
    X = drawn.cohort.X
    crp, bmi = np.log2(X["CRP"]), np.log(X["bmi"])
    assert crp.corr(bmi) == pytest.approx(0.4, abs=4 * 0.84 / np.sqrt(3000))
    assert crp.corr(X["smoker"]) == pytest.approx(-0.3, abs=4 * 0.91 / np.sqrt(3000))
    assert np.log2(X["TNF"]).corr(bmi) == pytest.approx(0, abs=4 / np.sqrt(3000))


def test_bmi_makes_crp_look_prognostic_until_it_is_adjusted_for():
    design = replace(BARE, clinical={"CRP": {"bmi": 0.5}}, prognostic={"bmi": 1.0})
    drawn = simulate(design, seed=14)
    z = drawn.truth.standardised
    crude, se = logistic(z[["CRP"]], event_of(drawn))
    assert crude[1] > 5 * se[1]
    adjusted, se = logistic(z[["CRP", "bmi"]], event_of(drawn))
    assert abs(adjusted[1]) < 3 * se[1]


def test_shifts_of_sites_and_plates_are_recovered():
    design = replace(BARE, site_shift_sd=0.5, plate_shift_sd=1.0, plate_scale_sd=0.3, noise_sd=0.1)
    drawn = simulate(design, seed=15)
    truth, cohort = drawn.truth, drawn.cohort
    logs = np.log2(cohort.X[list(design.markers)])
    n = cohort.plate.value_counts()
    for plate, rows in logs.groupby(cohort.plate):
        gone = truth.log2_value.loc[rows.index] - design.log2_median
        kappa = truth.plate_scale[plate]
        found = (rows - design.log2_median - kappa * gone).mean()
        site = plate.split(" plate")[0]
        designed = truth.plate_shift.loc[plate] + truth.site_shift.loc[site]
        assert (abs(found - designed) < 5 * 0.1 / np.sqrt(n[plate])).all()
        slope = np.polyfit(gone["IL6"], rows["IL6"], 1)[0]
        assert slope == pytest.approx(kappa, abs=5 * 0.1 / np.sqrt(n[plate]))
    assert truth.plate_shift.std(axis=None) == pytest.approx(1.0, abs=0.35)


def test_detection_rates_are_those_designed_for_each_plate():
    design = replace(
        BARE, below_limit={"IL6": 0.4, "TNF": 0.05}, limit_spread=0.6, plate_shift_sd=0.5,
        plate_scale_sd=0.3, noise_sd=0.2,
    )  # fmt: skip
    drawn = simulate(design, seed=16)
    cohort, truth = drawn.cohort, drawn.truth
    found = cohort.X[["IL6" + BELOW, "TNF" + BELOW]].notna().groupby(cohort.plate).mean()
    share = truth.share_below.loc[found.index, ["IL6", "TNF"]].to_numpy()
    n = cohort.plate.value_counts()[found.index].to_numpy()[:, None]
    assert (np.abs(found.to_numpy() - share) < 4 * np.sqrt(share * (1 - share) / n)).all()
    assert truth.share_below["CRP"].isna().all()
    spread = logit(truth.share_below["IL6"]).std()
    assert 0.25 < spread < 1.1
    # one limit per plate, and no value below it
    limits = cohort.X["IL6" + BELOW].groupby(cohort.plate).agg(["min", "max"])
    assert (limits["min"] == limits["max"]).all()
    assert (cohort.X["IL6"].groupby(cohort.plate).min() >= limits["max"]).all()
    assert limits["max"].to_dict() == pytest.approx(truth.limits["IL6"].to_dict())


def test_a_missing_measurement_has_neither_value_nor_limit():
    design = replace(BARE, n_people=300, below_limit=0.3, missing_rate=0.3)
    drawn = simulate(design, seed=17)
    X = drawn.cohort.X
    for marker in design.markers:
        known = X[marker].notna() | X[marker + BELOW].notna()
        assert (known != drawn.truth.missing[marker]).all()


@pytest.mark.parametrize("mechanism", ["MCAR", "MAR", "MNAR"])
def test_missingness_has_its_rate_and_its_cause(mechanism):
    design = replace(BARE, missing_rate=0.25, missing_mechanism=mechanism, missing_slope=1.2)
    truth = simulate(design, seed=18).truth
    rate = truth.missing.mean()
    assert (abs(rate - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 3000)).all()
    z = truth.standardised
    causes, se = logistic(z[["age", "IL6"]], truth.missing["IL6"].to_numpy(dtype=float))
    designed = {"MCAR": (0, 0), "MAR": (1.2, 0), "MNAR": (0, 1.2)}[mechanism]
    assert (abs(causes[1:] - designed) < 3.5 * se[1:]).all()


EFFECTS = replace(
    BARE,
    prognostic={"age": 0.4, "IL6": 0.7, "CXCL8": -0.5},
    predictive={"TNF": 0.8},
    arm_effect=-0.5,
    event_rate=(0.2, 0.4, 0.6),
)


def found_effects(drawn):
    """Fit the true model and return each coefficient's distance from the truth in SE."""
    truth, design = drawn.truth, drawn.truth.design
    z = truth.standardised
    treated = (drawn.cohort.arm == "treatment").to_numpy(dtype=float)
    site = pd.get_dummies(drawn.cohort.records["site"], dtype=float).iloc[:, 1:]
    names = [*z.columns.drop(["female", "bmi", "smoker"])]
    interaction = z[list(design.markers)].mul(treated, axis=0)
    columns = np.column_stack([z[names], treated, interaction, site])
    beta, se = logistic(columns, event_of(drawn))
    level = truth.intercept.to_numpy()
    designed = [level[0], *truth.prognostic[names], design.arm_effect, *truth.predictive]
    designed += list(level[1:] - level[0])
    return (beta - designed) / se, beta, names


def test_prognostic_and_predictive_effects_are_recovered():
    distance, beta, names = found_effects(simulate(EFFECTS, seed=19))
    assert (abs(distance) < 3).all()
    assert beta[1 + names.index("IL6")] > 0.4
    assert beta[len(names) + 2 + EFFECTS.markers.index("TNF")] > 0.4


def test_sites_have_their_own_event_rates():
    drawn = simulate(EFFECTS, seed=20)
    site = drawn.cohort.records["site"]
    assert drawn.truth.probability.groupby(site).mean().tolist() == pytest.approx([0.2, 0.4, 0.6])
    found = drawn.cohort.records["event"].groupby(site).mean()
    assert found.tolist() == pytest.approx([0.2, 0.4, 0.6], abs=4 * np.sqrt(0.25 / 900))


def test_probabilities_are_those_of_the_log_odds():
    truth = simulate(EFFECTS, seed=21).truth
    assert truth.probability.to_numpy() == pytest.approx(expit(truth.log_odds.to_numpy()))


def test_arms_are_randomised():
    drawn = simulate(EFFECTS, seed=22)
    treated = drawn.cohort.arm == "treatment"
    assert treated.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(3000))
    z = drawn.truth.standardised
    gap = z[treated].mean() - z[~treated].mean()
    assert (abs(gap) < 4 * 2 / np.sqrt(3000)).all()


def test_a_null_design_cannot_be_learned():
    drawn = simulate(replace(BARE, prognostic={}), seed=23)
    logs, event = np.log2(drawn.cohort.X[list(BARE.markers)]), event_of(drawn)
    model = LogisticRegression().fit(logs[:1500], event[:1500])
    auroc = roc_auc_score(event[1500:], model.decision_function(logs[1500:]))
    assert auroc == pytest.approx(0.5, abs=0.05)
    assert drawn.truth.probability.nunique() == 1


@pytest.mark.parametrize("degree", [0.0, 0.5, 1.0])
def test_plates_tell_the_outcome_to_the_given_degree(degree):
    design = replace(BARE, plates_per_site=4, plate_confounding=degree, n_sites=1)
    drawn = simulate(design, seed=24)
    first = drawn.cohort.plate.isin(["site 1 plate 1", "site 1 plate 2"])
    rates = drawn.cohort.records["event"].groupby(first).mean()
    event = event_of(drawn).astype(bool)
    share = first[event].mean() - first[~event].mean()
    assert share == pytest.approx(degree, abs=4 * np.sqrt(1 / 3000))
    if degree == 1:
        assert rates.to_dict() == {True: 1.0, False: 0.0}


def test_a_plate_effect_passes_for_a_signal_where_plates_tell_the_outcome():
    """The trap that harmonisation must not fall into: nothing is true, everything is found."""
    design = replace(BARE, n_sites=1, plates_per_site=2, plate_confounding=0.8, plate_shift_sd=1.0)
    drawn = simulate(design, seed=26)
    shifts = drawn.truth.plate_shift.diff().iloc[1]
    worst = shifts.abs().idxmax()
    shift = shifts[worst]
    logs, event = np.log2(drawn.cohort.X[worst]), drawn.cohort.records["event"]
    crude, se = logistic(logs.to_numpy()[:, None], event.to_numpy())
    assert abs(crude[1]) > 5 * se[1]
    assert np.sign(crude[1]) == -np.sign(shift)
    second = (drawn.cohort.plate == "site 1 plate 2").to_numpy(dtype=float)
    within, se = logistic(np.column_stack([logs, second]), event.to_numpy())
    assert abs(within[1]) < 3 * se[1]


def test_a_marker_is_as_stable_between_visits_as_designed():
    design = replace(BARE, n_visits=2, stability=0.6, treatment_shift={"TNF": -1.0})
    drawn = simulate(design, seed=25)
    x, n = drawn.truth.log2_value, design.n_people
    first, later = x[:n], x[n:].set_axis(x.index[:n])
    assert first["IL6"].corr(later["IL6"]) == pytest.approx(0.6, abs=4 * 0.64 / np.sqrt(n))
    treated = (drawn.cohort.arm == "treatment")[:n]
    change = later - first
    effect = change[treated].mean() - change[~treated].mean()
    assert effect["TNF"] == pytest.approx(-1.0, abs=4 * 2 * np.sqrt(0.8 / n))
    assert effect["IL6"] == pytest.approx(0.0, abs=4 * 2 * np.sqrt(0.8 / n))


# Seeds


def same(left, right):
    pd.testing.assert_frame_equal(left, right)


def test_same_seed_same_bits_and_another_seed_others():
    design = replace(EFFECTS, n_people=60)
    one, two, other = simulate(design, seed=5), simulate(design, seed=5), simulate(design, seed=6)
    assert one.cohort.digest == two.cohort.digest != other.cohort.digest
    assert one.truth.log_odds.equals(two.truth.log_odds)


RICH = replace(Design(), n_people=80, n_markers=8, prognostic={"IL6": 0.6}, n_visits=2)


@pytest.mark.parametrize(
    ("part", "moved"),
    [
        ({"missing_rate": 0.5, "missing_mechanism": "MNAR"}, {"missing"}),
        ({"below_limit": 0.5, "limit_spread": 1.0}, {"limits"}),
        ({"plate_shift_sd": 2.0}, {"plate_shift", "limits"}),
        ({"plate_scale_sd": 0.5}, {"plate_scale", "limits"}),
        ({"site_shift_sd": 2.0}, {"site_shift", "limits"}),
        ({"noise_sd": 0.9}, {"limits"}),
        ({"plate_confounding": 1.0}, {"plate"}),
        ({"prognostic": {}}, {"event"}),
        ({"event_rate": 0.9}, {"event"}),
        ({"clinical": {}}, {"log2_value", "event"}),
        ({"stability": 0.1}, {"log2_value"}),
        ({"arms": False, "arm_effect": 0.0, "predictive": {}}, {"arm", "event"}),
    ],
)
def test_one_part_of_the_design_does_not_move_another(part, moved):
    def parts(drawn):
        truth, cohort = drawn.truth, drawn.cohort
        tables = {
            name: getattr(truth, name).to_numpy()
            for name in (
                "missing", "limits", "plate_shift", "plate_scale", "site_shift", "log2_value",
            )
        }  # fmt: skip
        tables["clinical"] = cohort.X[["age", "female", "bmi", "smoker"]].to_numpy()
        tables["plate"] = cohort.plate.to_numpy()
        tables["site"] = cohort.records["site"].to_numpy()
        tables["event"] = cohort.records["event"].to_numpy()
        tables["arm"] = np.asarray("none" if cohort.arm is None else cohort.arm, dtype=object)
        return tables

    before = parts(simulate(RICH, seed=7))
    after = parts(simulate(replace(RICH, **part), seed=7))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == moved


def test_losing_measurements_leaves_the_others_as_they_were():
    whole = simulate(replace(RICH, missing_rate=0.0), seed=8).cohort.X
    holed = simulate(replace(RICH, missing_rate=0.4), seed=8)
    kept = ~holed.truth.missing["IL6"]
    same(holed.cohort.X.loc[kept, ["IL6", "IL6__below"]], whole.loc[kept, ["IL6", "IL6__below"]])


@pytest.mark.parametrize("more", [{"n_people": 100}, {"n_markers": 12}, {"n_visits": 3}])
def test_more_of_anything_leaves_the_first_ones_alone(more):
    design = replace(BARE, n_people=80, n_markers=8, n_visits=2)
    small, large = simulate(design, seed=9), simulate(replace(design, **more), seed=9)
    rows = small.cohort.subject + small.cohort.visit
    found = large.cohort.X.set_axis(large.cohort.subject + large.cohort.visit)
    same(
        found.loc[rows, list(small.cohort.X.columns)],
        small.cohort.X.set_axis(rows),
    )


# What a design may be


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_people": 0}, "'n_people' must be a whole number"),
        ({"n_visits": 1.5}, "'n_visits' must be a whole number"),
        ({"block_size": True}, "'block_size' must be a whole number"),
        ({"log2_sd": 0}, "'log2_sd' must be from"),
        ({"noise_sd": -1}, "'noise_sd' must be from 0"),
        ({"within": 1.0}, "'within' must be from 0"),
        ({"between": 0.6}, "'between' must be from 0 to 0.5, got 0.6"),
        ({"stability": 2}, "'stability' must be"),
        ({"plate_confounding": -0.1}, "'plate_confounding' must be"),
        ({"plate_confounding": 0.5, "plates_per_site": 1}, "needs two plates per site"),
        ({"missing_rate": "half"}, "'missing_rate' must be a number, got str"),
        ({"missing_rate": float("nan")}, "'missing_rate' must be from"),
        ({"missing_mechanism": "MXAR"}, "'missing_mechanism' must be MCAR"),
        ({"event_rate": 0.0}, "'event_rate' must be from"),
        ({"event_rate": (0.2, 0.3)}, "2 rates for 3 sites"),
        ({"below_limit": 1.0}, "'below_limit' must be"),
        ({"below_limit": {"IL99": 0.2}}, "'below_limit' names 'IL99'"),
        ({"prognostic": {"weight": 1}}, "'prognostic' names 'weight'"),
        ({"prognostic": {"IL6": "big"}}, "'prognostic' must be a number"),
        ({"predictive": {"age": 1}}, "'predictive' names 'age'"),
        ({"treatment_shift": {"IL99": 1}}, "'treatment_shift' names"),
        ({"clinical": {"CRP": {"height": 0.2}}}, "'clinical' names 'height'"),
        ({"clinical": {"CRP": {"bmi": 0.8, "age": 0.7}}}, "leaves 'CRP' no variance of its own"),
        ({"arms": False}, "need two arms"),
        ({"arm_effect": 100}, "'arm_effect' must be"),
    ],
)
def test_a_wrong_parameter_is_named(wrong, words):
    with pytest.raises(DefinitionError, match=words):
        Design(**wrong)


# Longer runs


@pytest.mark.slow
def test_intervals_of_the_true_model_cover_the_truth():
    """500 cohorts: 95 % intervals cover 95 % within the Monte Carlo error of 4 SE."""
    design = replace(EFFECTS, n_people=800)
    distances = np.array([found_effects(simulate(design, seed=s))[0] for s in range(500)])
    covered = (abs(distances) < 1.96).mean(axis=0)
    assert (abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 500)).all()
    # maximum likelihood stretches effects at this size (Firth 1993), but invents none
    names = found_effects(simulate(design, seed=0))[2]
    null = [1 + i for i, name in enumerate(names) if name not in design.prognostic]
    null += [len(names) + 2 + j for j, m in enumerate(design.markers) if m not in design.predictive]
    assert len(null) == 13
    assert (abs(distances[:, null].mean(axis=0)) < 4 / np.sqrt(500)).all()


@pytest.mark.slow
def test_a_null_design_has_an_auroc_of_half_on_average():
    aurocs = []
    for s in range(200):
        drawn = simulate(replace(BARE, n_people=200), seed=s)
        logs, event = np.log2(drawn.cohort.X[list(BARE.markers)]), event_of(drawn)
        model = LogisticRegression().fit(logs[:100], event[:100])
        aurocs.append(roc_auc_score(event[100:], model.decision_function(logs[100:])))
    assert np.mean(aurocs) == pytest.approx(0.5, abs=4 * np.std(aurocs) / np.sqrt(200))


def test_more_people_leave_the_first_ones_where_they_were():
    few, more = (simulate(Design(n_people=n, missing_rate=0.0), seed=5).cohort for n in (80, 160))
    assert few.plate.tolist() == more.plate.head(80).tolist()
    np.testing.assert_allclose(few.X, more.X.head(80), rtol=1e-12)

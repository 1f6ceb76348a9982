"""Confounders, subgroups and drift of a study whose truth is known, and of a survey."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from pipelines.evaluate.again import for_whom_again
from pipelines.evaluate.for_whom import for_whom
from pipelines.evaluate.model_scale import as_a_model_sees
from pipelines.fit.results_folder import Results
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.question.people_groups import people_groups
from pipelines.question.study import AssembledStudy
from signature.exceptions import ExperimentError
from signature.prepare.limits import COMMON
from signature.records.for_whom import ForWhom
from signature.records.results import PROCEDURE
from signature.study.schema import BELOW, FeatureSchema
from tests.made.checkout import EXPERIMENTS
from tests.made.results_factory import make_results
from tests.made.study_factory import CENSORED, MARKERS, clean

SIMULATED = (EXPERIMENTS / "simulated_signature.toml").read_text()
GROUPS = {"age": (50.0, 65.0), "hospital": (), "old": (), "rare": ()}


def _study(seed, *, confounders=("age",), outcome=None, groups=GROUPS, people=300, visits=1):
    """Take the clean cohort, and put age to work: it drives the outcome unless one is given."""
    cohort = clean(seed, people=people, visits=visits).at_sites("hospital")
    rng = np.random.default_rng(seed)
    age = cohort.X["age"].to_numpy()
    if outcome is None:
        outcome = rng.random(len(age)) < expit((age - 50) / 10)
    panel = {*MARKERS, *(m + BELOW for m in CENSORED)}
    columns = tuple(
        replace(c, in_panel=c.name in panel, confounder=c.name in confounders)
        for c in cohort.schema.columns
    )
    records = cohort.records.assign(
        old=np.where(age > 65, "65 and over", "under 65"),
        rare=np.where(np.arange(len(age)) < 12, "some", "most"),
    )
    cohort = replace(
        cohort,
        schema=FeatureSchema(columns),
        records=records,
        outcome=pd.Series(np.asarray(outcome).astype("int64"), index=cohort.X.index),
    )
    base = load_experiment(EXPERIMENTS / "simulated_signature.toml")
    experiment = base.model_copy(update={"subgroups": dict(groups)})
    return AssembledStudy(experiment, cohort, None, {}, [], {})


def _predictions(study, log_odds, *, repeats=1, block="internal", folds=5):
    """Lines of the procedure, with people dealt to folds anew in each repeat."""
    cohort = study.cohort
    lines = []
    for repeat in range(repeats):
        person = cohort.person.to_numpy()
        fold = np.random.default_rng(repeat).integers(0, folds, cohort.n_people)[person]
        lines.append(
            pd.DataFrame(
                {
                    "block": block,
                    "candidate": PROCEDURE,
                    "repeat": repeat,
                    "fold": fold,
                    "row": np.arange(len(cohort)),
                    "person": person,
                    "site": cohort.site.to_numpy(),
                    "outcome": cohort.outcome.to_numpy(),
                    "probability": expit(log_odds),
                }
            )
        )
    return pd.concat(lines, ignore_index=True)


def _from_age(study, noise):
    return (study.cohort.X["age"].to_numpy() - 50) / 10 + noise


def test_a_confounded_prediction_and_one_that_says_more():
    rng = np.random.default_rng(5)
    study, noise = _study(1), rng.normal(size=300)
    confounded = for_whom(study, _predictions(study, _from_age(study, noise))).confounding
    assert confounded.found.p_value > 0.05
    assert confounded.found.alone.low > 0 > confounded.found.given.low
    assert confounded.found.explained == pytest.approx(0.75, abs=0.1)
    assert (confounded.found.people, confounded.within_site) == (300, True)
    assert confounded.confounders == ("age",)
    y = rng.random(300) < expit(_from_age(study, 0) + 0.8 * noise)
    more = _study(1, outcome=y)
    found = for_whom(more, _predictions(more, _from_age(more, noise))).confounding.found
    assert found.p_value < 0.01
    assert found.given.low > 0


def test_nothing_is_found_under_shuffled_outcomes():
    rng = np.random.default_rng(6)
    small, apart = 0, 0
    for seed in range(8):
        study = _study(seed, outcome=rng.random(300) < 0.4)
        found = for_whom(study, _predictions(study, _from_age(study, rng.normal(size=300))))
        small += found.confounding.found.p_value <= 0.05
        apart += found.drift.differing
    # of eight fair tests at 5 %, three or more come up small in 0.6 %
    assert small <= 2
    assert apart <= 1


def test_repeats_are_no_further_people():
    study = _study(2)
    eta = _from_age(study, np.random.default_rng(7).normal(size=300))
    once = for_whom(study, _predictions(study, eta)).confounding.found
    thrice = for_whom(study, _predictions(study, eta, repeats=3)).confounding.found
    assert thrice.people == once.people == 300
    assert thrice.p_value == once.p_value
    assert thrice.given.model_dump() == pytest.approx(once.given.model_dump())


def test_why_nothing_can_be_tested_is_said():
    study = _study(3, confounders=())
    told = for_whom(study, _predictions(study, np.zeros(300))).confounding
    assert (told.found, told.reason) == (None, "the experiment names no confounders")
    few = _study(3, confounders=MARKERS, people=40, groups={})
    told = for_whom(few, _predictions(few, np.zeros(40))).confounding
    assert told.found is None
    assert told.reason.startswith("40 people are too few for the ")
    same = for_whom(study := _study(3), _predictions(study, np.zeros(300))).confounding.found
    assert (same.p_value, same.explained, same.given.value) == (1.0, None, None)


def _auroc_by_pairs(table):
    good = pairs = 0.0
    for _, part in table.groupby(["repeat", "fold"]):
        p = part["probability"].to_numpy()
        cases, others = p[part["outcome"] == 1], p[part["outcome"] == 0]
        gap = cases[:, None] - others[None]
        good += (gap > 0).sum() + 0.5 * (gap == 0).sum()
        pairs += gap.size
    return good / pairs


def test_subgroups_equal_a_count_of_pairs_by_fold():
    study = _study(4)
    rng = np.random.default_rng(8)
    table = _predictions(study, _from_age(study, rng.normal(size=300)), repeats=2)
    # each model has a level of its own: pairs across repeats or folds would notice
    level = table.groupby(["repeat", "fold"]).ngroup() % 3 - 1
    logit = np.log(table["probability"] / (1 - table["probability"]))
    table["probability"] = expit(logit + 3 * level)
    (found,) = for_whom(study, table).subgroups
    assert found.everybody.metrics["auroc"].value == pytest.approx(_auroc_by_pairs(table))
    age = study.cohort.X["age"].to_numpy()[table["row"]]
    bands = {
        "below 50": age < 50,
        "50 to below 65": (age >= 50) & (age < 65),
        "65 and above": age >= 65,
    }
    lines = {(line.column, line.level): line for line in found.lines}
    for name, rows in bands.items():
        line = lines["age", name]
        assert line.people == table.loc[rows, "person"].nunique()
        assert line.events == table.loc[rows & (table["outcome"] == 1), "person"].nunique()
        auroc = line.metrics["auroc"]
        assert auroc.value == pytest.approx(_auroc_by_pairs(table[rows]))
        assert auroc.low < auroc.value < auroc.high
    gaps = {(g.column, g.level, g.against): g.metrics["auroc"].value for g in found.gaps}
    first, second = lines["old", "65 and over"], lines["old", "under 65"]
    assert gaps["old", "65 and over", "under 65"] == pytest.approx(
        first.metrics["auroc"].value - second.metrics["auroc"].value
    )


def test_small_subgroups_are_counted_and_no_more():
    study = _study(5)
    (found,) = for_whom(study, _predictions(study, _from_age(study, 0.0))).subgroups
    (few,) = [line for line in found.lines if line.level == "some"]
    assert (few.people, few.events, few.metrics) == (12, None, {})
    assert few.suppressed.startswith("fewer than 20 people")
    assert not [g for g in found.gaps if g.column == "rare"]


def test_each_block_has_its_own_people_and_the_last_tests_confounders():
    study = _study(6)
    table = _predictions(study, _from_age(study, 0.3))
    at = table["site"] == "H0"
    found = for_whom(study, pd.concat([table[at].assign(block="external"), table[~at]]))
    assert [b.block for b in found.subgroups] == ["internal", "external"]
    assert [b.everybody.people for b in found.subgroups] == [(~at).sum(), at.sum()]
    assert [b.alike for b in found.subgroups] == [(), ("hospital",)]
    assert (found.confounding.block, found.confounding.within_site) == ("external", False)
    assert found.confounding.found.people == at.sum()


def test_a_marker_that_is_shifted_and_one_that_says_the_opposite_elsewhere():
    study = _study(7, people=400)
    cohort, rng = study.cohort, np.random.default_rng(9)
    far = (cohort.site == "H1").to_numpy()
    X = cohort.X.copy()
    X["CRP"] = np.where(far, 4.0, 1.0) * np.exp(rng.normal(size=400))
    sign = np.where(far, -1, 1) * (2 * cohort.outcome.to_numpy() - 1)
    X["MMP9"] = np.exp(sign + rng.normal(size=400))
    study = replace(study, cohort=replace(cohort, X=X))
    drift = for_whom(study, _predictions(study, np.zeros(400))).drift
    assert drift.sites == ("H0", "H1", "H2")
    assert (drift.markers, drift.shift_tested, drift.differing) == (20, 20, 1)
    opposite, shifted = drift.worst[:2]
    assert (opposite.name, shifted.name) == ("MMP9", "CRP")
    assert [s.log_odds_ratio > 0 for s in opposite.sites] == [True, False, True]
    # log2(4) over a standard deviation of log2(e)
    here = {s.site: s for s in shifted.sites}["H1"]
    assert here.shift == pytest.approx(2 / np.log2(np.e), abs=0.2)
    assert shifted.shift_p < 1e-6


def test_values_below_a_limit_are_one_number_and_gaps_stay():
    cohort = _study(8).cohort
    X = cohort.X.copy()
    below = X["IL6" + BELOW].notna()
    X.loc[below, "IL6" + BELOW] *= np.linspace(0.8, 1.2, below.sum())
    seen = as_a_model_sees(replace(cohort, X=X), ["CRP", "IL6", "age"])
    assert list(seen) == ["CRP", "IL6", "age"]
    usual = np.quantile(X.loc[below, "IL6" + BELOW], COMMON, method="higher")
    substitute = np.log2(usual / np.sqrt(2))
    assert seen.loc[below, "IL6"].to_numpy() == pytest.approx(substitute)
    assert seen["CRP"].to_numpy() == pytest.approx(np.log2(X["CRP"]).to_numpy(), nan_ok=True)
    assert seen["CRP"].isna().any()
    assert seen["age"].tolist() == X["age"].tolist()


def test_without_sites_nothing_drifts():
    study = _study(9)
    table = _predictions(study, _from_age(study, 0.0)).assign(site="")
    study = replace(study, cohort=replace(study.cohort, site=None))
    found = for_whom(study, table)
    assert found.drift is None
    assert not found.confounding.within_site


def test_people_with_several_rows_are_counted_once():
    study = _study(10, people=120, visits=2)
    found = for_whom(study, _predictions(study, _from_age(study, 0.0)))
    assert found.confounding.found.people == found.drift.people == 120
    assert found.subgroups[0].everybody.people == 120


def _numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {n for v in value for n in _numbers(v)}
    return {value} if isinstance(value, float) else set()


def test_nobody_is_in_the_record():
    study = _study(11)
    table = _predictions(study, _from_age(study, np.random.default_rng(1).normal(size=300)))
    record = for_whom(study, table)
    text = record.model_dump_json()
    assert ForWhom.model_validate_json(text) == record
    assert "person-" not in text
    known = set(study.cohort.X.to_numpy().ravel()) | set(table["probability"])
    seen = set(as_a_model_sees(study.cohort, study.cohort.schema.panel).to_numpy().ravel())
    assert not _numbers(json.loads(text)) & (known | seen)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nothing = []", "no feature or recorded column 'nothing'; there are: BDNF, "),
        ('female = ["maybe"]', "no row has female = 'maybe'"),
        ("bmi = []", "'bmi' has .* different values in 600 rows; give cut points"),
        ("site = [3]", "cut points of 'site' need a numeric column"),
        ("age = [60, 40]", "cut points of 'age' must ascend"),
        ("IL6__below = [1]", "no feature or recorded column 'IL6__below'"),
    ],
)
def test_a_subgroup_that_is_not_there_is_said_before_the_first_fit(tmp_path, asked, message):
    text = SIMULATED[: SIMULATED.index("[subgroups]")] + SIMULATED[SIMULATED.index("[claim]") :]
    file = tmp_path / "mine.toml"
    file.write_text(f"{text}\n[subgroups]\n{asked}\n", encoding="utf-8")
    with pytest.raises(ExperimentError, match=f"experiment 'mine', subgroups: {message}"):
        assemble(load_experiment(file))


def test_subgroups_do_not_decide_a_fit_and_answers_are_yes_and_no():
    experiment = load_experiment(EXPERIMENTS / "simulated_signature.toml")
    other = experiment.model_copy(update={"subgroups": {"female": ("yes",)}})
    assert experiment.digest == other.digest
    (women,) = people_groups(assemble(experiment).cohort, other)
    assert women.label == "female: yes"
    assert women.rows.sum() == assemble(experiment).cohort.X["female"].sum()


@pytest.fixture
def simulated(tmp_path):
    """A results folder of the simulated study, as far as evaluating it again reads one."""
    experiment = load_experiment(EXPERIMENTS / "simulated_signature.toml")
    study = assemble(experiment.model_copy(update={"name": "opt_demo"}))
    folder = make_results(tmp_path / "opt_demo")
    path = folder / "launch.json"
    launch = json.loads(path.read_text())
    launch |= {
        "experiment": study.experiment.model_dump(mode="json"),
        "data_digest": study.cohort.digest,
    }
    path.write_text(json.dumps(launch))
    eta = study.cohort.X["age"].fillna(50).to_numpy() / 10 - 5
    template = pd.read_parquet(folder / "predictions.parquet").iloc[:1]
    lines = _predictions(study, eta)
    rest = template[[c for c in template if c not in lines]].iloc[[0] * len(lines)]
    table = pd.concat([lines, rest.reset_index(drop=True)], axis=1)
    table.to_parquet(folder / "predictions.parquet")
    return study, folder


def test_evaluating_again_reads_the_data_again(simulated):
    study, folder = simulated
    run = Results(folder)
    assert for_whom_again(run) == f"{folder / 'for_whom.json'}: written again"
    assert run.for_whom == for_whom(study, run.predictions)
    assert run.for_whom.confounding.confounders[0] == "Age"


def test_evaluating_again_leaves_the_file_where_the_data_are_others(simulated):
    _, folder = simulated
    path = folder / "launch.json"
    launch = json.loads(path.read_text())
    path.write_text(json.dumps(launch | {"data_digest": "0" * 64}))
    before = (folder / "for_whom.json").read_text()
    said = for_whom_again(Results(folder))
    assert said.endswith("left as it was, because the data set is no longer the one of the run")
    assert (folder / "for_whom.json").read_text() == before
    launch["experiment"]["data"]["dataset"] = "gone"
    path.write_text(json.dumps(launch))
    (folder / "for_whom.json").unlink()
    said = for_whom_again(Results(folder))
    assert "not written, because the study cannot be put together again" in said
    assert len(said.splitlines()) == 1
    assert Results(folder).for_whom is None


@pytest.mark.usefixtures("data_root")
def test_the_survey(monkeypatch, data_root):
    monkeypatch.setenv("SIGNATURE_DATA", str(data_root))
    study = assemble(load_experiment(EXPERIMENTS / "nhanes_inadequate_response.toml"))
    cohort = study.cohort
    bmi = cohort.X["bmi"].fillna(cohort.X["bmi"].mean()).to_numpy()
    found = for_whom(study, _predictions(study, (bmi - 30) / 10))
    told = found.confounding.found
    # a prediction made of a confounder leaves nothing that could tell more
    assert (told.people, told.events, told.p_value) == (2115, 770, 1.0)
    assert told.alone.low > 0
    assert told.given.value is None
    assert told.explained > 0.99
    (table,) = found.subgroups
    for column in ("race_ethnicity", "cycle", "age", "female"):
        lines = [line for line in table.lines if line.column == column]
        assert sum(line.people for line in lines) == 2115
        assert sum(line.events for line in lines) == 770
    assert len(found.drift.sites) == 6
    assert len(found.drift.worst) == 20

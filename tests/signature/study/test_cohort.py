"""A cohort refuses rows that contradict each other, and never names a person while doing so."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from signature.exceptions import CohortError, OutcomeError, SignatureError
from signature.study.cohort import Cohort, CohortWithOutcome, outcome_of
from signature.study.schema import Column, FeatureSchema, Role, censored

SCHEMA = FeatureSchema(
    (
        Column("age", Role.CLINICAL, "demographics"),
        *censored(Column("IL6", Role.MARKER, "cytokine")),
        Column("CRP", Role.MARKER, "acute phase"),
    )
)

# Values and ids that no message may repeat.
SECRETS = ("patient-", "7.77", "33.5", "4.125", "secret-")


def parts(**changes):
    """Return the arguments of a sound cohort of four people, with changes."""
    sound = {
        "name": "study",
        "citation": "Nobody 2026",
        "schema": SCHEMA,
        "X": pd.DataFrame(
            {
                "age": [33.5, 41, 52, 64],
                "IL6": [7.77, np.nan, np.nan, 2],
                "IL6__below": [np.nan, 4.125, np.nan, np.nan],
                "CRP": [1.0, 2, 3, np.nan],
            }
        ),
        "records": pd.DataFrame(
            {"clinic": ["north", "north", "south", None], "note": ["secret-1", "a", "b", "c"]}
        ),
        "subject": pd.Series([f"patient-{i}" for i in range(4)]),
    }
    return sound | changes


def sound(**changes):
    return Cohort(**parts(**changes))


def changed(column, row, value):
    X = parts()["X"]
    X.loc[row, column] = value
    return X


def refused(error, message, build):
    """Check that something fails with a message, and that the message gives nobody away."""
    with pytest.raises(error, match=message) as caught:
        build()
    assert isinstance(caught.value, SignatureError)
    assert not [s for s in SECRETS if s in str(caught.value)]
    assert caught.value.__cause__ is None


def test_a_sound_cohort_is_accepted():
    cohort = sound()
    assert len(cohort) == cohort.n_people == 4
    assert cohort.person.tolist() == [0, 1, 2, 3]
    assert cohort.flow == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": changed("CRP", 0, np.inf)}, "infinite values in 'CRP'"),
        ({"X": changed("age", 1, -np.inf)}, "infinite values in 'age'"),
        ({"X": changed("IL6__below", 0, np.inf)}, "infinite values in 'IL6__below'"),
        (
            {"X": changed("IL6__below", 0, 4.125)},
            "1 rows have both a value of 'IL6' and a limit in 'IL6__below'",
        ),
        ({"X": parts()["X"].drop(columns="CRP")}, "columns of X and of the schema differ in CRP"),
        ({"X": parts()["X"].assign(extra=1.0)}, "differ in extra"),
        ({"X": parts()["X"][["IL6", "age", "IL6__below", "CRP"]]}, "differ in their order"),
        ({"X": parts()["X"].assign(age=[33, 41, 52, 64])}, "must be float64"),
        ({"X": parts()["X"].assign(age=["33.5", "a", "b", "c"])}, "must be float64"),
        ({"X": parts()["X"].set_axis([0, 1, 1, 2])}, "row index of X repeats"),
        ({"subject": pd.Series(["patient-1"] * 2 + ["b", "c"])}, "2 rows share their subject with"),
        ({"subject": pd.Series(["patient-1", None, "b", None])}, "2 rows name no subject"),
        ({"subject": parts()["subject"].iloc[::-1]}, "subject has 4 rows that are not the 4 rows"),
        ({"subject": parts()["subject"].iloc[:3]}, "subject has 3 rows that are not the 4 rows"),
        ({"records": parts()["records"].iloc[1:]}, "records has 3 rows"),
        ({"plate": pd.Series(["p"] * 4, index=list("abcd"))}, "plate has 4 rows that are not"),
        ({"weight": pd.Series([1.0, 0, 2, 3])}, "1 rows have a weight that is missing or not"),
        ({"weight": pd.Series([1.0, -7.77, np.nan, 3])}, "2 rows have a weight"),
        ({"weight": pd.Series([1.0, np.inf, 2, 3])}, "1 rows have a weight"),
    ],
)
def test_bad_rows_are_refused(changes, message):
    refused(CohortError, message, lambda: sound(**changes))


def test_a_subject_may_come_twice_at_different_visits():
    subject = pd.Series(["patient-1", "patient-1", "b", "c"])
    cohort = sound(subject=subject, visit=pd.Series(["T1", "T2", "T1", "T1"]))
    assert cohort.n_people == 3
    assert cohort.person.tolist() == [0, 0, 1, 2]
    refused(
        CohortError,
        "2 rows share their subject and visit with another row",
        lambda: sound(subject=subject, visit=pd.Series(["T1", "T1", "T1", "T1"])),
    )


def test_two_missing_visits_of_a_subject_are_a_duplicate():
    subject = pd.Series(["patient-1", "patient-1", "b", "c"])
    visit = pd.Series([None, None, "T1", "T1"])
    refused(CohortError, "2 rows share", lambda: sound(subject=subject, visit=visit))


# Filters and sites


def test_where_counts_what_it_leaves_out():
    cohort = sound().where({"clinic": ["north"]})
    assert len(cohort) == 2
    (step,) = cohort.flow
    assert (step.reason, step.removed, step.left) == ("clinic is north", 2, 2)


def test_where_cuts_every_part_alike():
    numbers = pd.Series([1.0, 2, 3, 4])
    text = pd.Series(list("abcd"))
    cohort = sound(weight=numbers, plate=text, arm=text, visit=text).where({"clinic": ["south"]})
    for part in (cohort.weight, cohort.plate, cohort.arm, cohort.visit, cohort.subject):
        assert part.index.tolist() == [2]
    assert cohort.records.index.tolist() == cohort.X.index.tolist() == [2]


def test_where_refuses_what_is_not_there():
    refused(
        CohortError,
        "no row has clinic = 'west'",
        lambda: sound().where({"clinic": ["west", "north"]}),
    )
    refused(
        CohortError,
        "no recorded column 'clinc' to filter by; there are: clinic, note",
        lambda: sound().where({"clinc": ["north"]}),
    )


def test_nothing_left_says_how_it_came_to_that():
    cohort = sound().keep([True, True, False, False], "adults")
    refused(
        CohortError,
        r"0 rows are left after 'fasting' \(of 2\); adults: −2; fasting: −2",
        lambda: cohort.keep([False, False], "fasting"),
    )


def test_rows_without_a_site_are_counted():
    cohort = sound().at_sites("clinic")
    assert cohort.site.tolist() == ["north", "north", "south"]
    assert cohort.flow[-1].removed == 1
    refused(
        CohortError, "no recorded column 'ward' to use as site", lambda: sound().at_sites("ward")
    )


# Outcomes


def test_an_outcome_leaves_out_the_unknown_and_the_ineligible():
    reasons = pd.Series([None, None, "moved away", None])
    cohort = sound().with_outcome("relapse", pd.Series([1, 0, 1, np.nan]), reasons)
    assert cohort.outcome.tolist() == [1, 0]
    assert [(s.reason, s.removed) for s in cohort.flow] == [
        ("not: moved away", 1),
        ("relapse is known", 1),
    ]
    assert cohort.outcome_name == "relapse"


def labelled():
    return sound().with_outcome("relapse", pd.Series([1.0, 0, 1, 0]))


@pytest.mark.parametrize(
    "cut",
    [
        lambda cohort: cohort.keep([True, True, True, False], "adults"),
        lambda cohort: cohort.where({"clinic": ["north", "south"]}),
        lambda cohort: cohort.at_sites("clinic"),
    ],
)
def test_what_keeps_rows_keeps_their_outcomes(cut):
    cohort = cut(labelled())
    assert isinstance(cohort, CohortWithOutcome)
    assert cohort.outcome.tolist() == [1, 0, 1]
    assert cohort.outcome_name == "relapse"
    assert type(cut(sound())) is Cohort


@pytest.mark.parametrize(
    "cut",
    [
        lambda cohort: cohort.with_features(SCHEMA.only(["age"])),
        lambda cohort: cohort.without_empty_features()[0],
    ],
)
def test_what_keeps_columns_keeps_the_outcome(cut):
    cohort = cut(labelled())
    assert isinstance(cohort, CohortWithOutcome)
    assert cohort.outcome.tolist() == [1, 0, 1, 0]
    assert type(cut(sound())) is Cohort


def test_another_outcome_takes_the_place_of_the_first():
    cohort = labelled().with_outcome("death", pd.Series([0.0, 0, np.nan, 1]))
    assert (cohort.outcome.tolist(), cohort.outcome_name) == ([0, 0, 1], "death")
    assert cohort.flow[-1].reason == "death is known"


def test_a_cohort_may_have_no_outcome():
    assert outcome_of(sound()) is None
    assert outcome_of(labelled()).tolist() == [1, 0, 1, 0]


def test_an_outcome_of_other_rows_is_refused():
    refused(
        CohortError,
        "outcome has 3 rows that are not the 4 rows of X in the same order",
        lambda: CohortWithOutcome(**parts(), outcome=pd.Series([1, 0, 1]), outcome_name="relapse"),
    )


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1, 1, 1, 1], OutcomeError, r"relapse has one class only \(4 events in 4 rows\)"),
        ([0, 0, np.nan, 0], OutcomeError, r"one class only \(0 events in 3 rows\)"),
        ([0, 1, 7.77, 0], OutcomeError, "must be 0 or 1, but 1 rows hold otherwise"),
        ([0, 1, 1, np.inf], OutcomeError, "must be 0 or 1, but 1 rows hold otherwise"),
        ([np.nan] * 4, CohortError, r"0 rows are left after 'relapse is known'"),
    ],
)
def test_outcomes_that_cannot_be_learned(values, error, message):
    refused(error, message, lambda: sound().with_outcome("relapse", pd.Series(values)))


def test_everyone_ineligible_is_an_error():
    reasons = pd.Series(["child"] * 4)
    refused(
        CohortError,
        "0 rows are left after 'not: child'",
        lambda: sound().with_outcome("relapse", pd.Series([0.0, 1, 0, 1]), reasons),
    )


# Features


def test_empty_and_constant_features_are_named():
    X = parts()["X"].assign(age=50.0, CRP=np.nan)
    cohort, dropped = sound(X=X).without_empty_features()
    assert dropped == {"age": "the same in every row", "CRP": "never measured"}
    assert cohort.schema.names == ("IL6", "IL6__below")
    X = X.assign(IL6=np.nan, IL6__below=np.nan)
    refused(
        CohortError,
        "every feature is empty or constant",
        lambda: sound(X=X).without_empty_features(),
    )


def test_a_marker_that_is_never_above_its_limit_says_so():
    X = parts()["X"].assign(IL6=np.nan, IL6__below=[2.0, 2.0, np.nan, 3.0])
    _, dropped = sound(X=X).without_empty_features()
    assert dropped["IL6"] == "never above its limit"


def test_a_marker_that_is_sometimes_below_its_limit_is_not_constant():
    X = parts()["X"].assign(IL6=[2.0, np.nan, np.nan, 2.0])
    _, dropped = sound(X=X).without_empty_features()
    assert "IL6" not in dropped


# Identity


def test_the_digest_ignores_the_names_of_people_and_rows_but_not_values():
    cohort = sound()
    renamed = sound(subject=pd.Series(list("wxyz")))
    assert renamed.digest == cohort.digest
    index = [10, 20, 30, 40]
    moved = Cohort(
        **{k: v.set_axis(index) if hasattr(v, "set_axis") else v for k, v in parts().items()}
    )
    assert moved.digest == cohort.digest
    assert sound(X=changed("CRP", 0, 1.5)).digest != cohort.digest
    assert replace(cohort, weight=pd.Series([1.0, 2, 3, 4])).digest != cohort.digest
    pair = sound(subject=pd.Series(["a", "a", "b", "c"]), visit=pd.Series(["1", "2", "1", "1"]))
    assert pair.digest != replace(pair, subject=pd.Series(["a", "b", "b", "c"]), visit=pd.Series(
        ["1", "2", "1", "1"]).where([True, True, False, True], "3")).digest  # fmt: skip


def everything():
    letters = pd.Series(list("abcd"))
    cohort = sound(
        visit=letters,
        plate=letters.str.upper(),
        arm=pd.Series(["drug", "placebo"] * 2),
        weight=pd.Series([1.0, 2, 0.5, 4]),
    )
    return cohort.at_sites("clinic")


@pytest.mark.parametrize(
    ("cohort", "digest"),
    [
        (sound(), "670e248b19d64c2b30cf4eb1b24919e2f55dcc0d9b65cee1e8b787bcc56f2d4c"),
        (everything(), "000af785a096569da632907dbd64a24bacc9409088cb1db7ad1039429eea81b6"),
        (
            sound().with_outcome("relapse", pd.Series([1, 0, 1, np.nan])),
            "599f9ecc757682cd211de02e8ab2d2263ba7e5c438c98838bb4a7e522f46a783",
        ),
        (
            everything().with_outcome("relapse", pd.Series([1.0, 0, 1])),
            "e27ee119d0809bad2d5ccb94114c4df7e8be7bacb41a3daaf618f5971b6cd71f",
        ),
    ],
)
def test_the_digest_is_what_finished_folds_are_filed_under(cohort, digest):
    assert cohort.digest == digest


def test_the_printed_form_lists_no_people_and_no_values():
    cohort = sound(weight=pd.Series([7.77, 1, 1, 1]))
    for printed in (repr(cohort), str(cohort), f"{cohort}"):
        assert printed == "Cohort('study', 4 rows, 4 people, 4 columns)"
    assert repr(labelled()) == "CohortWithOutcome('study', 4 rows, 4 people, 4 columns)"


def test_a_column_of_measurements_is_no_site(cohort_of):
    cohort = cohort_of("opt")
    with pytest.raises(CohortError, match="a site is shared by many people") as caught:
        cohort.at_sites("birthweight_g")
    assert "different values" in str(caught.value)
    assert not any(str(v) in str(caught.value) for v in cohort.records["birthweight_g"].dropna())

"""Measurements become a cohort: every measurement is used or counted, and none changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.assay.assembly import assemble
from signature.assay.dictionary import MarkerText
from signature.assay.measurements import COLUMNS, Measurements
from signature.assay.people import People, everyone
from signature.exceptions import AssayError, CohortError, UnitError
from signature.study.schema import Column, Role, Scale, censored


def measured(*rows, source="lab.csv", unit="pg/mL", **more):
    """Rows of sample, marker, value ("<2", ">9" or a number), plate."""
    table = []
    for sample, marker, cell, *plate in rows:
        text = str(cell)
        numbers = dict.fromkeys(("value", "below", "above"), np.nan)
        kind = {"<": "below", ">": "above"}.get(text[0], "value")
        numbers[kind] = float(text.lstrip("<>"))
        table.append(
            {"sample": sample, "marker": marker, **numbers, "unit": unit, "limit": np.nan}
            | {"plate": plate[0] if plate else None, "flag": None}
        )
    frame = pd.DataFrame(table, columns=list(COLUMNS))
    return Measurements(source, frame, len(frame), **more)


def named(*samples, **columns):
    sample = pd.Series(list(samples), dtype="str", name="sample")
    return People(
        source="people.csv",
        sample=sample,
        subject=columns.pop("subject", sample.rename("subject")),
        columns=(),
        clinical=pd.DataFrame(index=sample.index),
        records=pd.DataFrame(index=sample.index),
        rows_in=len(sample),
        **columns,
    )


def put_together(*parts, people=None, **options):
    if people is None:
        people = everyone(pd.Index([s for p in parts for s in p.table["sample"].unique()]).unique())
    return assemble(parts, people, name="study", citation="Nobody 2026", **options)


def lines(reading):
    return {(n.where, n.what): n.rows for n in reading.notes}


def test_numbers_and_limits_go_to_their_columns():
    cohort, _ = put_together(
        measured(("a", "IL6", 3, "P1"), ("b", "IL6", "<2", "P2"), ("a", "CRP", 7, "P1")),
        measured(("b", "TNF", 1.5, "P2"), source="other.csv"),
    )
    assert list(cohort.X.columns) == ["IL6", "IL6__below", "CRP", "TNF"]
    expected = [[3, np.nan, 7, np.nan], [np.nan, 2, np.nan, 1.5]]
    np.testing.assert_array_equal(cohort.X.to_numpy(), expected)
    assert cohort.plate.tolist() == ["P1", "P2"]
    assert cohort.schema["IL6"].group == "cytokine"
    assert cohort.schema["IL6"].scale is Scale.LOG2


def test_npx_is_not_logged_again():
    cohort, _ = put_together(measured(("a", "IL6", 3.2), unit="NPX"))
    assert cohort.schema["IL6"].scale is Scale.LINEAR
    assert cohort.plate is None


def test_a_value_above_its_limit_is_set_to_it_and_counted():
    cohort, reading = put_together(measured(("a", "IL6", ">90"), ("b", "IL6", 4)))
    assert cohort.X["IL6"].tolist() == [90, 4]
    assert lines(reading)["all files", "measurements above their upper limit, set to it"] == 1


def test_samples_that_nobody_named_are_listed():
    part = measured(("a", "IL6", 3), ("control", "IL6", 5), ("control", "CRP", 5))
    cohort, reading = put_together(part, people=named("a", "never measured"))
    assert cohort.subject.tolist() == ["a"]
    assert [(s.reason, s.removed) for s in cohort.flow] == [("any marker was measured", 1)]
    what = "measurements of samples that the people table does not name"
    assert lines(reading)["all files", what] == 2
    (listed,) = reading.set_aside.to_dict("records")
    assert (listed["sample"], listed["rows"]) == ("control", 2)


def test_no_sample_in_common():
    with pytest.raises(AssayError, match="none of them of a sample that the people table names"):
        put_together(measured(("a", "IL6", 3)), people=named("b"))


TWICE = [("a", "IL6", 2, "P1"), ("a", "IL6", 8, "P2"), ("b", "IL6", 5, "P1")]


def test_a_sample_on_two_plates_is_refused_by_default():
    message = "1 of 2 samples were measured more than once .*2 measurements, of which 2 differ"
    with pytest.raises(AssayError, match=message) as caught:
        put_together(measured(*TWICE))
    assert "'a'" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "unit", "value", "plate"),
    [
        ("first", "pg/mL", 2, "P1"),
        ("mean_of_logs", "pg/mL", 4, "P1 + P2"),
        ("mean_of_logs", "NPX", 5, "P1 + P2"),
    ],
)
def test_a_rule_settles_a_sample_on_two_plates(rule, unit, value, plate):
    cohort, reading = put_together(measured(*TWICE, unit=unit), repeats=rule)
    assert cohort.X["IL6"].tolist() == pytest.approx([value, 5])
    assert cohort.plate.tolist() == [plate, "P1"]
    assert lines(reading)["all files", f"repeated measurements merged ({rule})"] == 1
    assert (reading.repeats.samples, reading.repeats.differing) == (1, 2)


def test_a_mean_with_limits():
    rows = [("a", "IL6", "<2", "P1"), ("a", "IL6", "<3", "P2")]
    rows += [("b", "IL6", "<2", "P1"), ("b", "IL6", 5, "P2")]
    cohort, reading = put_together(measured(*rows), repeats="mean_of_logs")
    np.testing.assert_allclose(cohort.X.to_numpy(), [[np.nan, 3], [5, np.nan]])
    assert reading.repeats.differing == 2


def test_controls_on_every_plate_need_no_rule():
    rows = [("control", "IL6", 2, "P1"), ("control", "IL6", 8, "P2"), ("b", "IL6", 5, "P1")]
    cohort, _ = put_together(measured(*rows), people=named("b"))
    assert cohort.X["IL6"].tolist() == [5]


def test_a_mean_of_logs_needs_positive_numbers():
    with pytest.raises(AssayError, match="meets 1 repeated measurements that are not positive"):
        put_together(measured(("a", "IL6", 0, "P1"), ("a", "IL6", 8, "P2")), repeats="mean_of_logs")


def test_two_files_are_brought_into_one_unit():
    cohort, reading = put_together(
        measured(("a", "IL6", 3)),
        measured(("b", "IL6", 0.5), ("c", "IL6", "<0.1"), source="two.csv", unit="ng/mL"),
    )
    expected = [[3, np.nan], [500, np.nan], [np.nan, 100]]
    np.testing.assert_allclose(cohort.X.to_numpy(), expected)
    assert cohort.schema["IL6"].unit == "pg/mL"
    assert lines(reading)["two.csv", "measurements in another unit, converted"] == 2


def test_a_panel_in_another_unit_is_refused():
    panel = censored(Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", low=0.05))
    with pytest.raises(UnitError, match=r"lab\.csv: 'IL6' is in 'NPX' and 'pg/mL' is wanted; NPX"):
        put_together(measured(("a", "IL6", 3), unit="NPX"), panel=panel)


def test_a_panel_gives_ranges_and_order():
    panel = (
        Column("TNF", Role.MARKER, "cytokine", unit="pg/mL", low=0.1, high=50),
        *censored(Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", low=0.05)),
        Column("CRP", Role.MARKER, "acute phase"),
    )
    told = {"IL6": MarkerText(high=900.0)}
    part = measured(("a", "zz top", 1), ("a", "IL6", 3), ("a", "TNF", 2))
    cohort, _ = put_together(part, panel=panel, told=told)
    assert cohort.schema.names == ("TNF", "IL6", "IL6__below", "zz_top")
    assert (cohort.schema["IL6"].low, cohort.schema["IL6"].high) == (0.05, 900)
    assert cohort.schema["zz_top"].label == "zz top"


def test_two_analytes_never_share_a_column():
    with pytest.raises(AssayError, match="two analytes would share the column 'my_x'"):
        put_together(measured(("a", "my x", 3), ("a", "my-x", 4)))


def test_two_samples_of_one_visit_are_refused():
    people = named("a", "b", subject=pd.Series(["p", "p"]))
    with pytest.raises(CohortError, match="2 rows share their subject"):
        put_together(measured(("a", "IL6", 3), ("b", "IL6", 3)), people=people)


def test_limits_by_plate_are_known():
    part = measured(("a", "IL6", "<2", "P1"), ("b", "IL6", "<90", "P2"), ("c", "IL6", 7, "P1"))
    _, reading = put_together(part)
    limits = reading.limits.set_index("plate")
    assert limits["limit"].to_dict() == {"P1": 2, "P2": 90}
    assert limits["above_all"].to_dict() == {"P1": False, "P2": True}


def test_neither_samples_nor_values_are_printed():
    _, reading = put_together(measured(("a", "IL6", 3)))
    assert repr(reading) == "Reading(3 notes, 0 rows set aside)"


CELLS = st.one_of(
    st.floats(0.1, 99).map(lambda x: round(x, 3)),
    st.sampled_from(["<2", ">50"]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["IL6", "CRP", "zz"]), CELLS,
                  st.sampled_from(["P1", "P2"])),
        min_size=1, max_size=25, unique_by=lambda r: (r[0], r[1], r[3]),
    ),
    st.sets(st.sampled_from("abcd"), min_size=1),
    st.sampled_from(["first", "mean_of_logs"]),
)  # fmt: skip
def test_nothing_is_lost(rows, people, rule):
    part = measured(*rows)
    if not people & {r[0] for r in rows}:
        return
    cohort, reading = put_together(part, people=named(*sorted(people)), repeats=rule)
    used = int(cohort.X.notna().to_numpy().sum())
    merged = lines(reading).get(("all files", f"repeated measurements merged ({rule})"), 0)
    listed = int(reading.set_aside["rows"].sum())
    assert used + merged + listed == len(rows)
    single = {(r[0], r[1]): r[2] for r in rows}
    for (sample, marker), cell in single.items():
        if sample in people and sum(r[:2] == (sample, marker) for r in rows) == 1:
            row = cohort.X[(cohort.subject == sample).to_numpy()].iloc[0]
            text = str(cell)
            column = f"{marker}__below" if text.startswith("<") else marker
            assert row[column] == float(text.lstrip("<>"))

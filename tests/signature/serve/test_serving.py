"""What a partner's rows may be, what is refused, and what comes back."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models import __path__ as models_path
from signature.exceptions import ModelInputError
from signature.serve.serving import Scorer
from signature.study.schema import BATCH, Column, FeatureSchema, Role, Scale, batch_column, censored
from tests.made.candidates_of import probability_candidates
from tests.made.pages import DOCS, blocks

pytest_plugins = ["tests.made.serving_fixtures"]

CANDIDATES = sorted(probability_candidates())
SECRET = 73.123456789
"""A value that no message may repeat."""


@pytest.fixture(scope="module")
def scorers(model_folders):
    return {name: Scorer(folder) for name, folder in model_folders.items()}


def sent(scorer, rows):
    """The columns that this model takes."""
    return rows[list(scorer.schema.names)]


@pytest.fixture(scope="module")
def scorer(scorers):
    return scorers["elastic_net"]


def one_row(**cells):
    row = {"age": 25.0, "bmi": 22.0, "smoker": 0.0, "IL1B": 3.0, "IL6": 9.0, "CRP": SECRET} | cells
    return pd.DataFrame([row])


def refusal(scorer, table, **params):
    with pytest.raises(ModelInputError) as caught:
        scorer.score(table, **params)
    message = str(caught.value)
    assert "73.1" not in message
    assert caught.value.__cause__ is None
    return message


def test_every_candidate_is_here():
    assert models_path
    assert len(CANDIDATES) >= 5


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_saved_model_scores_as_the_fitted_one(name, scorers, procedures, rows):
    got = scorers[name].score(sent(scorers[name], rows))
    expected = procedures[name].predict_proba(rows)[:, 1]
    np.testing.assert_array_equal(got["probability"].to_numpy(), expected)
    assert got.index.equals(rows.index)


@pytest.mark.parametrize("name", CANDIDATES)
def test_contributions_add_up(name, scorers, rows):
    scorer = scorers[name]
    everything = scorer.score(sent(scorer, rows), explain=True)
    parts = everything.filter(like="contribution_")
    assert list(parts.columns[:-1]) == [f"contribution_{f}" for f in scorer.schema.features]
    np.testing.assert_allclose(parts.sum(axis=1), everything["log_odds"], atol=1e-9)
    sigmoid = 1 / (1 + np.exp(-everything["log_odds"]))
    np.testing.assert_allclose(everything["probability"], sigmoid, atol=1e-12)


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_base_is_the_same_for_everybody(name, scorers, rows):
    table = sent(scorers[name], rows)
    base = scorers[name].score(table, explain=True)["contribution_base"]
    # trees add up in single precision, and the base takes what that leaves
    np.testing.assert_allclose(base, base.iloc[0], atol=1e-5)


@pytest.mark.parametrize("name", CANDIDATES)
@pytest.mark.parametrize("k", [1, 2, 100])
def test_the_largest_contributions_and_the_rest_add_up(name, k, scorers, rows):
    scorer = scorers[name]
    table = sent(scorer, rows)
    short, full = scorer.score(table, explain=True, top_k=k), scorer.score(table, explain=True)
    shown = min(k, len(scorer.schema.features))
    assert list(short.columns) == [
        "probability",
        "log_odds",
        "out_of_range",
        "not_measured",
        "batch_not_seen",
        *(f"top_{i}_{what}" for i in range(1, shown + 1) for what in ("feature", "contribution")),
        "contribution_rest",
        "contribution_base",
    ]
    numbers = short.filter(like="contribution")
    np.testing.assert_allclose(numbers.sum(axis=1), short["log_odds"], atol=1e-9)
    for at, line in short.iterrows():
        assert line["top_1_contribution"] == full.loc[at, f"contribution_{line['top_1_feature']}"]
    largest = full.drop(columns="contribution_base").filter(like="contribution_").abs().max(axis=1)
    np.testing.assert_array_equal(short["top_1_contribution"].abs(), largest)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_row_does_not_depend_on_its_company(name, scorers, rows):
    scorer = scorers[name]
    rows = sent(scorer, rows)
    together = scorer.score(rows, explain=True)
    shuffled = scorer.score(rows.sample(frac=1, random_state=1), explain=True).loc[rows.index]
    alone = pd.concat([scorer.score(rows.loc[[i]], explain=True) for i in rows.index[:10]])
    pd.testing.assert_frame_equal(shuffled, together, rtol=1e-12, atol=1e-12)
    pd.testing.assert_frame_equal(alone, together.head(10), rtol=1e-12, atol=1e-12)


def test_the_order_of_columns_does_not_matter(scorer, rows):
    pd.testing.assert_frame_equal(scorer.score(rows[rows.columns[::-1]]), scorer.score(rows))


@pytest.mark.parametrize(
    "kind", ["float64", "float32", "Float64", "object", "int64", "Int64", "uint8"]
)
def test_any_kind_of_number_will_do(kind, scorer):
    row = one_row(CRP=7.0)
    assert scorer.score(row.astype(kind)).equals(scorer.score(row))


def test_an_absent_optional_column_is_a_missing_value(scorer, rows):
    absent = scorer.score(rows.drop(columns=["IL6", "IL6__below"]))
    null = scorer.score(rows.assign(IL6=None, IL6__below=np.nan))
    assert absent.equals(null)
    assert absent["probability"].notna().all()


def test_a_required_value_may_be_null(scorer):
    assert scorer.score(one_row(age=None, smoker=pd.NA))["probability"].between(0, 1).all()


def test_a_row_without_any_panel_marker_is_refused(scorers):
    for name, scorer in scorers.items():
        empty = pd.DataFrame({name: [None] for name in scorer.schema.names})
        if scorer.schema.panel:
            with pytest.raises(ModelInputError, match="1 of 1 rows hold no value and no limit"):
                scorer.score(empty)
        else:
            assert scorer.score(empty, explain=True).notna().all(axis=None), name


def test_panel_markers_that_were_not_measured_are_named(scorers):
    got = scorers["shallow_xgboost"].score(one_row(IL6=None, IL6__below=4.9, CRP=None))
    assert "CRP" in got["not_measured"].item().split(";")
    assert "IL6" not in got["not_measured"].item().split(";")


def test_below_the_limit_is_neither_missing_nor_any_measured_value(scorers):
    def parts(**cells):
        table = one_row(**cells)
        return scorers["shallow_xgboost"].score(table, explain=True)["contribution_IL6"].item()

    below = parts(IL6=None, IL6__below=4.9)
    assert below != parts(IL6=None)
    assert below != parts(IL6=9.0)


def test_the_served_schema_is_what_the_procedure_takes(scorers):
    assert set(scorers["clinical_only"].schema.names) == {"age", "bmi", "smoker"}
    assert all(c.required for c in scorers["clinical_only"].schema.columns)
    assert not any(c.required for c in scorers["best_single_marker"].schema.columns)
    required = [c.name for c in scorers["elastic_net"].schema.columns if c.required]
    assert required == ["age", "bmi", "smoker"]


def test_missing_required_columns_are_named(scorer):
    message = refusal(scorer, one_row().drop(columns=["age", "bmi"]))
    assert message == "missing required columns 'age', 'bmi'"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("IL_6", "IL6"), ("il-6", "IL6"), ("IL6_below", "IL6"), ("IL6__Below", "IL6__below")],
)
def test_a_misspelt_column_is_refused(sent, meant, scorer):
    message = refusal(scorer, one_row(**{sent: SECRET}))
    assert message.startswith(f"unknown column {sent!r} (did you mean '{meant}")


def test_an_unknown_column_is_refused(scorer):
    assert refusal(scorer, one_row(hospital_number=SECRET)) == "unknown column 'hospital_number'"


def test_values_in_the_place_of_names_are_not_repeated(scorer):
    table = one_row().set_axis([str(SECRET), "73.1b", 73.1, "x" * 60, "IL6", "CRP"], axis=1)
    message = refusal(scorer, table)
    assert "unknown columns 4 whose name is no column name (is the header there?)" in message


def test_a_column_sent_twice_is_refused(scorer):
    table = pd.concat([one_row(), one_row()[["CRP"]]], axis=1)
    assert refusal(scorer, table) == "sent twice: 'CRP'"


def test_no_rows_are_refused(scorer):
    assert "no rows" in refusal(scorer, one_row().head(0))
    assert "no rows" in refusal(scorer, pd.DataFrame())


def test_only_tables_are_taken(scorer):
    assert "expected a table of rows, got ndarray" in refusal(scorer, np.zeros((1, 8)))


@pytest.mark.parametrize("cell", ["<73.1", "73.1", "", "NA", b"73.1", [73.1], {"73.1": 1}, 73.1j])
def test_text_is_refused(cell, scorer):
    table = pd.concat([one_row(), one_row()], ignore_index=True).astype(object)
    table.at[1, "CRP"] = cell
    message = refusal(scorer, table)
    assert message.startswith("text where a number is expected in 'CRP' (1 of 2 rows)")
    assert "__below" in message


def test_a_column_of_text_or_dates_is_refused(scorer):
    assert "'CRP' (1 of 1 rows)" in refusal(scorer, one_row(CRP=pd.Series(["73.1"])))
    assert "'CRP' (1 of 1 rows)" in refusal(scorer, one_row(CRP=pd.Timestamp("2026-01-01")))


@pytest.mark.parametrize("cell", [True, False, np.True_])
@pytest.mark.parametrize("kind", ["object", "bool", "boolean"])
def test_truth_values_are_refused(cell, kind, scorer):
    table = one_row().assign(smoker=pd.Series([cell], dtype=kind))
    message = refusal(scorer, table)
    assert message == "true or false where a number is expected in 'smoker' (1 of 1 rows)"


@pytest.mark.parametrize("cell", [np.inf, -np.inf, 10**400, -1e39])
def test_infinite_values_are_refused(cell, scorer):
    assert (
        refusal(scorer, one_row(IL6=cell))
        == "infinite or absurdly large values in 'IL6' (1 of 1 rows)"
    )


@pytest.mark.parametrize("cell", [2, -1, 0.5, SECRET])
def test_yes_or_no_is_0_or_1(cell, scorer):
    message = refusal(scorer, one_row(smoker=cell))
    assert message == "a number other than 0 or 1 in 'smoker' (1 of 1 rows: row 1)"


def test_a_value_together_with_its_limit_is_refused(scorer):
    message = refusal(scorer, one_row(IL6=SECRET, IL6__below=4.9))
    assert message.startswith("both a value in 'IL6' and a limit in 'IL6__below' (1 of 1 rows)")


def test_all_problems_are_told_at_once(scorer):
    message = refusal(scorer, one_row(IL6="73.1", smoker=3, CRP=np.inf))
    assert all(name in message for name in ("'IL6'", "'smoker'", "'CRP'"))


def test_a_value_outside_its_range_is_scored_and_flagged(scorer):
    table = pd.concat([one_row(), one_row(bmi=99, CRP=900), one_row(IL6=None, IL6__below=2e4)])
    got = scorer.score(table)
    assert got["out_of_range"].tolist() == ["", "bmi;CRP", "IL6__below"]
    assert got["probability"].between(0, 1).all()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"age": 99}, "a number outside 14 to 50 years in 'age' (1 of 3 rows: row 2)"),
        ({"age": -3}, "a number outside 14 to 50 years in 'age' (1 of 3 rows: row 2)"),
        ({"bmi": -SECRET}, "a negative amount in 'bmi' (1 of 3 rows: row 2)"),
        ({"CRP": -SECRET}, "a negative amount in 'CRP' (1 of 3 rows: row 2)"),
        ({"IL6": None, "IL6__below": 0}, "a detection limit of 0 or less in 'IL6__below' (1 of 3"),
        ({"IL6": None, "IL6__below": -SECRET}, "a detection limit of 0 or less in 'IL6__below'"),
        ({"smoker": 3, "age": 400}, "a number other than 0 or 1 in 'smoker' (1 of 3 rows: row 2)"),
    ],
)
def test_what_cannot_be_is_refused_by_row_and_column(cells, message, scorer):
    table = pd.concat([one_row(), one_row(**cells), one_row()], ignore_index=True)
    assert message in refusal(scorer, table)


def test_of_many_impossible_rows_ten_are_named(scorer):
    table = pd.concat([one_row(age=99)] * 40, ignore_index=True)
    assert "(40 of 40 rows: rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …)" in refusal(scorer, table)


def test_ten_unknown_names_come_back_and_none_that_may_be_a_person_s(scorer):
    started = time.process_time()
    names = {f"colum{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{i % 9}": 1.0 for i in range(3000)}
    odd = {"Doe, Jane": 1.0, "1970-01-01": 1.0, "P00123456": 1.0, "IL_6": 1.0}
    message = refusal(scorer, one_row(**odd, **names))
    assert "Doe" not in message
    assert "1970" not in message
    assert "00123456" not in message
    assert "'IL_6' (did you mean 'IL6'?)" in message
    assert message.count("'colum") == 9
    assert "2,991 more, 3 whose name is no column name" in message
    assert time.process_time() - started < 1


@pytest.mark.parametrize("k", [0, -1])
def test_top_k_counts_from_one(k, scorer):
    assert "'top_k' must be 1 or more" in refusal(scorer, one_row(), explain=True, top_k=k)


def test_top_k_needs_an_explanation(scorer):
    assert "needs 'explain'" in refusal(scorer, one_row(), top_k=2)


@settings(max_examples=30, deadline=None)
@given(
    cells=st.fixed_dictionaries(
        {
            "age": st.none() | st.floats(14, 50),
            "bmi": st.none() | st.integers(0, 10**6),
            "smoker": st.sampled_from([None, 0, 1, 0.0, 1.0]),
            "IL6": st.none() | st.floats(0, 1e9),
            "CRP": st.none() | st.floats(0, 1e38),
        }
    )
)
def test_any_finite_row_gets_a_probability_that_adds_up(cells, scorers):
    assume(cells["IL6"] is not None or cells["CRP"] is not None)
    for name in ("elastic_net", "shallow_xgboost"):
        got = scorers[name].score(pd.DataFrame([cells], dtype=object), explain=True)
        assert got["probability"].between(0, 1).all()
        total = got.filter(like="contribution_").sum(axis=1)
        np.testing.assert_allclose(total, got["log_odds"], rtol=1e-9, atol=1e-9)


@given(st.text(max_size=60), st.text(min_size=5, max_size=60))
def test_no_message_repeats_a_cell(name, cell):
    schema = FeatureSchema(
        (
            Column("x", Role.CLINICAL, "g", scale=Scale.YES_NO, required=True),
            *censored(Column("IL6", Role.MARKER, "g")),
        )
    )
    from signature.serve.incoming import check_rows

    table = pd.DataFrame({"x": [cell], "IL6": ["\x00" + cell]}, dtype=object)
    with pytest.raises(ModelInputError) as caught:
        check_rows(table, schema)
    own = "text where a number is expected in 'x' (1 of 1 rows), 'IL6' (1 of 1 rows)"
    assert str(caught.value).startswith(own)


def test_a_batch_sent_by_its_name_is_told_its_code():
    from signature.serve.incoming import check_rows

    il6 = Column("IL6", Role.MARKER, "cytokine", in_panel=True)
    schema = FeatureSchema((il6, batch_column(["Plate 1", "Plate 2"], label="plate")))
    with pytest.raises(ModelInputError) as caught:
        check_rows(pd.DataFrame({"IL6": [2.5], BATCH: ["Plate 2"]}), schema)
    assert str(caught.value).endswith(
        "In 'assay_batch' send the code of a batch that the model learned from (0 for 'Plate 1', "
        "1 for 'Plate 2'), and null for any other"
    )


def test_the_example_of_the_page_on_serving_gives_what_the_page_says(
    model_folders, rows, tmp_path, monkeypatch
):
    folder = tmp_path / "results" / "opt_preterm_birth"
    folder.mkdir(parents=True)
    (folder / "model").symlink_to(model_folders["elastic_net"])
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(DOCS / "serving.md", "python")
    *before, last = block.strip().splitlines()
    said = {"rows": rows}
    exec("\n".join([*before, f"scored = {last}"]), said)
    assert len(said["scored"]) == len(rows)
    fields = {"probability", "log_odds", "out_of_range", "not_measured", "batch_not_seen"}
    assert fields <= set(said["scored"])
    assert {"top_5_feature", "top_5_contribution", "contribution_rest"} <= set(said["scored"])

"""The three hospitals: published counts, repeats, and limits by batch."""

import shutil

import pandas as pd
import pytest

from signature import discovery
from signature.exceptions import AssayError, TableError
from signature.study.schema import BELOW


def test_covid_counts_are_those_of_the_publication(cohort_of, with_outcome):
    """Zoodsma 2022: 207 first samples with 59 in intensive care, tested on 142 with 37."""
    cohort = cohort_of("covid_olink_three_sites").where({"timepoint": ["T1", "W1T1"]})
    cohort = with_outcome(cohort, "icu_admission").at_sites("hospital")
    counts = cohort.outcome.groupby(cohort.site).agg(["sum", "count"])
    assert counts.loc["Breda"].tolist() == [59, 207]
    assert counts.loc["Nijmegen"].tolist() == [37, 142]


def test_covid_people_after_covid_are_left_out_and_counted(cohort_of, with_outcome):
    cohort = with_outcome(cohort_of("covid_olink_three_sites"), "icu_admission")
    assert set(cohort.records["hospital"]) == {"Breda", "Nijmegen"}
    left = {step.reason: step.removed for step in cohort.flow}
    assert left["not: not in hospital"] == 245
    assert left["any marker was measured"] == 12


def test_covid_repeats_keep_their_subject_and_time_point(cohort_of):
    cohort = cohort_of("covid_olink_three_sites")
    repeat = cohort.visit.str.endswith(" repeat")
    assert sorted(cohort.visit[repeat]) == ["T1 repeat", "T1 repeat", "T3 repeat"]
    assert sorted(cohort.records["timepoint"][repeat]) == ["T1", "T1", "T3"]
    assert cohort.subject[repeat].isin(cohort.subject[~repeat]).all()


def test_covid_limits_come_from_the_batch_of_the_sample(cohort_of, data_root):
    cohort = cohort_of("covid_olink_three_sites")
    lod = pd.read_csv(data_root / "covid_olink_three_sites" / "lod.csv")
    il7 = lod[lod["Assay"] == "IL7"].set_index("batch")["LOD"]
    limit = cohort.X["IL7" + BELOW]
    assert set(limit.dropna()) <= set(il7)
    third = cohort.plate == "nijmegen_INF plate 3-7"
    assert set(limit[third].dropna()) == {il7["nijmegen_INF plate 3-7"]}
    assert 0.5 < limit[third].notna().mean() < 0.62
    assert (cohort.X.loc[third, "IL7"].dropna() >= il7["nijmegen_INF plate 3-7"]).all()
    hannover = cohort.records["hospital"] == "Hannover"
    assert cohort.X.loc[hannover, list(cohort.schema.limits)].isna().all(axis=None)


def test_covid_proteins_have_canonical_names(cohort_of):
    schema = cohort_of("covid_olink_three_sites").schema
    assert len(schema.limits) == 63
    for name in ("CXCL8", "CCL2", "PLAU", "TNFRSF11B", "EIF4EBP1", "CD274", "LTA", "SULT1A1"):
        assert schema[name].unit == "NPX"


def _copy(data_root, tmp_path, file, change):
    folder = tmp_path / "covid_olink_three_sites"
    shutil.copytree(data_root / "covid_olink_three_sites", folder, copy_function=shutil.copyfile)
    table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    (folder / file).unlink()
    change(table).to_csv(folder / file, index=False)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("lod.csv", lambda t: t[t["batch"] != "breda"], r"no limits for 'breda'"),
        ("lod.csv", lambda t: pd.concat([t, t.tail(1).assign(LOD="9")]), r"two limits for one"),
        ("data.csv", lambda t: t.drop(columns="CSF-1"), r"lacks column 'CSF-1'"),
        ("data.csv", lambda t: t.assign(gender="m"), r"of 'gender' hold something other than"),
        ("data.csv", lambda t: t.assign(IL7="0,5"), r"decimal"),
    ],
)
def test_covid_says_what_changed(data_root, tmp_path, monkeypatch, file, change, message):
    _copy(data_root, tmp_path, file, change)
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    with pytest.raises((TableError, AssayError), match=message):
        discovery.load("signature.datasets", "covid_olink_three_sites", ["load"]).load()

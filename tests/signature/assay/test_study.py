"""A study dictionary turns a laboratory's files into a cohort, or says which key is wrong."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import signature.datasets
from signature.assay.study import read_study
from signature.check import Severity, check_study
from signature.exceptions import CurveError, SignatureError, StudyError, TableError, UnitError
from signature.study.schema import Role, Scale

DICTIONARY = """
title = "Cytokines before treatment"
citation = "Nobody A. Journal of Nothing 2026;1:1."

[[assays]]
file = "cytokines.csv"
format = "long_table"
unit = "pg/mL"

[assays.layout]
columns = { sample = "SampleID", analyte = "Analyte", value = "Conc", plate = "Plate" }

[assays.markers]
IL6 = { low = 0.05, high = 5000 }
TNF = { low = 0.05, high = 2000 }

[people]
file = "people.csv"
sample = "sample_id"
subject = "patient"
visit = "visit"
site = "hospital"
arm = "arm"

[people.clinical]
age = { column = "Age", group = "demographics", unit = "years", low = 18, high = 100 }
female = { column = "Sex", scale = "yes/no", codes = { F = 1, M = 0 } }

[outcome]
column = "response"
event = ["none", "partial"]
no_event = ["full"]
"""

CYTOKINES = """SampleID,Analyte,Conc,Plate
s1,IL-6,3.5,A
s1,TNF-alpha,<0.4,A
s2,IL-6,12,A
s2,TNF-alpha,2.5,A
s3,IL-6,<0.7,B
s3,TNF-alpha,> 2000,B
s4,IL-6,,B
s4,TNF-alpha,8,B
QC,IL-6,100,A
QC,IL-6,99,B
"""

PEOPLE = """sample_id,patient,visit,hospital,arm,Age,Sex,response
s1,p1,V1,north,drug,34,F,none
s2,p1,V2,north,drug,34,F,none
s3,p2,V1,south,placebo,51,M,full
s4,p3,V1,south,drug,47,F,unclear
s5,,V1,south,drug,29,M,full
s6,p4,V1,south,drug,61,M,partial
"""


@pytest.fixture
def study(tmp_path):
    """Return a function that writes the files, with changes, and reads them."""

    def read(dictionary=DICTIONARY, cytokines=CYTOKINES, people=PEOPLE):
        (tmp_path / "study.toml").write_text(dictionary, encoding="utf-8")
        (tmp_path / "cytokines.csv").write_text(cytokines, encoding="utf-8")
        (tmp_path / "people.csv").write_text(people, encoding="utf-8")
        return read_study(tmp_path / "study.toml")

    return read


def test_a_study_of_two_plates(study):
    found = study()
    cohort = found.cohort
    assert cohort.name == "study"
    assert cohort.schema.names == ("age", "female", "IL6", "IL6__below", "TNF", "TNF__below")
    nan = np.nan
    expected = [
        [34, 1, 3.5, nan, nan, 0.4],
        [34, 1, 12, nan, 2.5, nan],
        [51, 0, nan, 0.7, 2000, nan],
        [47, 1, nan, nan, 8, nan],
    ]
    np.testing.assert_array_equal(cohort.X.to_numpy(), expected)
    assert cohort.subject.tolist() == ["p1", "p1", "p2", "p3"]
    assert cohort.visit.tolist() == ["V1", "V2", "V1", "V1"]
    assert cohort.plate.tolist() == ["A", "A", "B", "B"]
    assert cohort.arm.tolist() == ["drug", "drug", "placebo", "drug"]
    assert list(cohort.records.columns) == ["visit", "hospital", "arm", "Age", "Sex", "response"]
    assert found.site == "hospital"
    np.testing.assert_array_equal(found.outcome, [1, 1, 0, nan])
    assert (cohort.schema["IL6"].low, cohort.schema["IL6"].high) == (0.05, 5000)
    assert cohort.at_sites("hospital").site.tolist() == ["north", "north", "south", "south"]


def test_every_row_is_accounted_for(study):
    found = study()
    notes = {(n.where, n.what): n.rows for n in found.notes}
    assert notes["cytokines.csv", "rows in the file"] == 10
    assert notes["cytokines.csv", "set aside: no measurement"] == 1
    assert notes["all files", "measurements"] == 9
    assert notes["all files", "measurements of samples that the people table does not name"] == 2
    assert notes["people.csv", "set aside: names no person"] == 1
    assert [(s.reason, s.removed) for s in found.cohort.flow] == [("any marker was measured", 1)]
    listed = found.reading.set_aside
    assert listed["rows"].sum() == 4
    assert listed.loc[listed["file"] == "people.csv", "row"].tolist() == [6]


def test_the_documented_dictionary_is_this_one():
    import tomllib

    from signature.assay import study as module

    text = module.__doc__.split("people::\n", 1)[1].split("``signature check", 1)[0]
    documented = tomllib.loads("\n".join(line[4:] for line in text.splitlines()))
    documented.pop("repeats")
    assert documented == tomllib.loads(DICTIONARY)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("citation", "citaton", "study.toml: key 'citation' is missing; unknown key 'citaton'"),
        ('visit = "visit"', 'vist = "visit"', "unknown key 'people.vist'; did you mean 'visit'?"),
        ("high = 5000", "hihg = 5000", "unknown key 'assays.1.markers.IL6.hihg'; did you mean"),
        ("low = 18, high = 100", "low = 100, high = 18", "people.clinical.age: low must be less"),
        ('"long_table"', '"long_tabel"', "no format 'long_tabel'; there are: .*long_table"),
        ("columns = {", "colums = {", "unknown key 'assays.1.layout.colums'; did you mean"),
        ('event = ["none", "partial"]', 'event = "none"', "outcome.event: .* list, in brackets"),
        ('event = ["none", "partial"]', 'event = ["gone"]', "no row of 'response' holds 'gone'"),
        ('event = ["none", "partial"]', 'event = ["full"]', "both event and no_event: full"),
        ("[[assays]]", "[[assays]", "study.toml is not valid TOML"),
    ],
)
def test_a_mistake_in_the_dictionary_is_named(study, before, after, message):
    assert before in DICTIONARY
    with pytest.raises(StudyError, match=message):
        study(DICTIONARY.replace(before, after, 1))


def test_unknown_rules_are_named(study):
    wrong = DICTIONARY.replace("[assays.layout]", "[assays.rules]\nlargest_CV = 3\n[assays.layout]")
    with pytest.raises(StudyError, match=r"rules: unknown key 'largest_CV'; did you mean"):
        study(wrong)


def test_a_sample_has_one_row_of_people(study):
    with pytest.raises(StudyError, match="2 of 7 rows share their 'sample_id'") as caught:
        study(people=PEOPLE + "s1,p9,V1,south,drug,61,M,partial\n")
    assert "s1" not in str(caught.value)


def test_an_answer_without_a_code(study):
    with pytest.raises(TableError, match="1 of 5 rows of 'Sex' hold something other than 'F', 'M'"):
        study(people=PEOPLE.replace("51,M", "51,male"))


def test_a_second_sample_of_a_visit(study):
    people = PEOPLE.replace("p1,V2", "p1,V1")
    with pytest.raises(SignatureError, match="2 rows share their subject and visit"):
        study(people=people)
    numbered = DICTIONARY.replace('visit = "visit"', 'visit = "visit"\nsame_visit = "number"')
    assert study(numbered, people=people).cohort.visit.tolist()[:2] == ["V1", "V1 repeat"]


def test_plates_of_the_people_table_count_first(study):
    told = DICTIONARY.replace('arm = "arm"', 'arm = "arm"\nplate = ["run", "lot"]')
    head, *rows = PEOPLE.splitlines()
    runs = ["R1,L1", ",L2", "R3,", ",", ",", ","]
    people = "\n".join([f"{head},run,lot", *(f"{r},{x}" for r, x in zip(rows, runs, strict=True))])
    assert study(told, people=people).cohort.plate.tolist() == ["R1", "L2", "R3", "B"]


def test_without_people_a_sample_is_a_person(study):
    alone = DICTIONARY.split("[people]")[0]
    found = study(alone, cytokines=CYTOKINES.replace("QC,IL-6,99,B\n", ""))
    assert found.cohort.subject.tolist() == ["s1", "s2", "s3", "s4", "QC"]
    assert found.outcome is None


def test_an_outcome_needs_people(study):
    text = DICTIONARY.split("[people]")[0] + "[outcome]" + DICTIONARY.split("[outcome]")[1]
    with pytest.raises(StudyError, match=r"there is no \[people\]"):
        study(text)


WELLS = """
title = "Two plates"
citation = "Nobody 2026"
[[assays]]
file = "one.csv"
format = "luminex_wells"
[assays.rules]
bridging = "off"
[[assays]]
file = "two.csv"
format = "luminex_wells"
[assays.rules]
bridging = "off"
"""


def plate_of_wells(name, samples, *, low=20.0):
    """Write two blanks, four standards and duplicates of samples as a bead reader does."""
    rows, place = [], iter([f"{r}{c}" for c in range(1, 13) for r in "ABCDEFGH"])
    rows += [(name, next(place), "Blank", "IL-6", signal, 90) for signal in (low, low + 2)]
    for sample, signal in samples.items():
        rows += [(name, next(place), sample, "IL-6", signal * f, 90) for f in (0.98, 1.02)]
    return pd.DataFrame(rows, columns=["plate", "well", "sample", "analyte", "MFI", "beads"])


@pytest.fixture
def wells(tmp_path):
    """Return a function that writes two files of wells and reads them."""

    def read(dictionary=WELLS, first=None, second=None):
        first = first or {"s1": 400.0, "s2": 900.0}
        plate_of_wells("A", first).to_csv(tmp_path / "one.csv", index=False)
        plate_of_wells("B", second or {"s3": 25.0}).to_csv(tmp_path / "two.csv", index=False)
        (tmp_path / "wells.toml").write_text(dictionary, encoding="utf-8")
        return read_study(tmp_path / "wells.toml")

    return read


def test_files_of_wells_are_judged_together(wells):
    found = wells()
    assert found.cohort.X["IL6"].tolist()[:2] == [400, 900]
    assert found.cohort.X["IL6__below"].notna().tolist() == [False, False, True]
    assert found.cohort.plate.tolist() == ["A", "A", "B"]
    assert found.cohort.schema["IL6"].unit == "MFI"
    assert found.quality.wells_in == 10
    notes = [(n.where, n.what, n.rows) for n in found.notes]
    assert notes[:3] == [
        ("one.csv", "rows in the file", 6),
        ("two.csv", "rows in the file", 4),
        ("wells", "wells times markers, of all kinds", 10),
    ]
    report = check_study(found.cohort, found.quality, reading=found.reading)
    assert "no_bridges" in {f.code for f in report.findings}
    assert "plates" in {t.name for t in report.tables}


def test_a_marker_is_described_once(wells):
    one = "[assays.markers]\nIL6 = { high = 5 }\n[assays.rules]\n"
    two = "[assays.markers]\nIL6 = { high = 6 }\n[assays.rules]\n"
    first, second = WELLS.split("[[assays]]")[1:]
    told = WELLS.split("[[assays]]")[0] + "".join(
        "[[assays]]" + part.replace("[assays.rules]\n", text)
        for part, text in ((first, one), (second, two))
    )
    with pytest.raises(StudyError, match="two files describe 'IL6' differently"):
        wells(told)


def test_files_of_wells_share_their_rules(wells):
    with pytest.raises(StudyError, match="the files of wells have different rules or units"):
        wells(WELLS.replace('[assays.rules]\nbridging = "off"', "", 1))


def test_standard_curves_turn_signals_into_concentrations(wells):
    def signal(concentration):
        return 10_000 / (1 + (500 / concentration) ** 1.2) + 30

    levels = {f"Standard {i}": 4.0**i for i in range(1, 7)}
    first = {name: signal(c) for name, c in levels.items()} | {"s1": signal(100.0)}
    second = {name: signal(c) for name, c in levels.items()} | {"s3": signal(1000.0)}
    told = WELLS.replace("[assays.rules]\n", "curves = true\nunit = 'pg/mL'\n[assays.rules]\n")
    values = ", ".join(f'"{name}" = {c}' for name, c in levels.items())
    layout = f"[assays.layout]\nstandards = {{ {values} }}\n[assays.rules]\n"
    told = told.replace("[assays.rules]\n", layout)
    with pytest.raises(CurveError, match="no well of a sample"):
        wells(told, {n: s for n, s in first.items() if n != "s1"}, {n: second[n] for n in levels})
    found = wells(told, first, second)
    assert found.cohort.schema["IL6"].unit == "pg/mL"
    np.testing.assert_allclose(found.cohort.X["IL6"], [100, 1000], rtol=0.05)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit = 'PG/ML'\n", "wells hold signals, and pg/mL is a unit of concentrations"),
        ("curves = true\n", "`curves` need the unit of the standards"),
    ],
)
def test_signals_are_no_concentrations(wells, text, message):
    with pytest.raises(StudyError, match=message):
        wells(WELLS.replace("[assays.rules]\n", f"{text}[assays.rules]\n"))


def test_units_have_one_spelling(study):
    """NPX by another spelling is still a logarithm, for bridges and limits alike."""
    told = DICTIONARY.replace("pg/mL", "npx").replace("IL6 = {", "IL6 = { unit = 'Npx',")
    told = told.replace('plate = "Plate" }', 'plate = "Plate" }\nbridges = ["QC", "QC2"]')
    more = "".join(f"QC,{m},7,A\nQC,{m},6,B\nQC2,{m},5,A\nQC2,{m},4,B\n" for m in ("IL-6", "TNF"))
    found = study(told, CYTOKINES.replace("QC,IL-6,100,A\nQC,IL-6,99,B\n", more))
    assert {found.cohort.schema[name].unit for name in ("IL6", "TNF")} == {"NPX"}
    assert found.cohort.schema["IL6"].scale is Scale.LINEAR
    # plate B reads 1 lower, and is the smaller one
    assert found.cohort.X["TNF"].tolist()[1:] == [2.5, 2001, 9]
    assert found.cohort.X["IL6__below"][2] == pytest.approx(1.7)


TWO_FILES = """
[[assays]]
file = "cytokines.csv"
format = "long_table"
unit = "pg/mL"
layout = { bridges = ["pool 1", "pool 2"] }

[[assays]]
file = "second.csv"
format = "long_table"
unit = "ng/mL"
layout = { bridges = ["pool 1", "pool 2"] }
"""


def test_bridges_that_span_files_bridge_them(study, tmp_path):
    told = (
        DICTIONARY.split("[[assays]]")[0] + TWO_FILES + "[people]" + DICTIONARY.split("[people]")[1]
    )
    first = (
        "sample,analyte,value,plate\ns1,IL-6,8,A\ns2,IL-6,16,A\npool 1,IL-6,8,A\npool 2,IL-6,9,A\n"
    )
    second = first.replace("A", "B").replace("s1", "s3").replace("s2,IL-6,16", "s4,IL-6,<0.002")
    second = second.replace(",8,", ",0.004,").replace(",9,", ",0.0045,")
    (tmp_path / "second.csv").write_text(second, encoding="utf-8")
    found = study(told, first)
    np.testing.assert_allclose(found.cohort.X["IL6"], [8, 16, 8, np.nan])
    assert found.cohort.X["IL6__below"][3] == pytest.approx(4)
    assert found.quality.bridging.reference == "A"
    assert ("second.csv", "measurements in another unit, converted", 2) in [
        (n.where, n.what, n.rows) for n in found.notes
    ]
    assert [(m.plate, m.n) for m in found.quality.markers] == [("A", 2), ("B", 2)]
    with pytest.raises(StudyError, match="files have different rules"):
        study(told.replace("[people]", "rules = { drop_flagged = true }\n[people]"), first)


def test_the_other_answers_of_an_outcome_are_there(study):
    with pytest.raises(StudyError, match="no row of 'response' holds 'ful'; check 'no_event'"):
        study(DICTIONARY.replace('["full"]', '["ful"]'))


def test_people_set_aside_have_the_line_of_the_file(study):
    found = study(people=PEOPLE.replace("s2,p1", '\n"s2",p1').replace("s3,p2", 's3,"p\n2"'))
    rows = found.reading.set_aside.query("file == 'people.csv'")
    assert rows["row"].tolist() == [8]


def test_a_point_is_no_decimal_comma(study):
    told = DICTIONARY.replace("[people]\n", '[people]\ndecimal = ","\n')
    found = study(told, people=PEOPLE.replace("51", '"50,5"'))
    assert found.cohort.X["age"].tolist() == [34, 34, 50.5, 47]
    with pytest.raises(TableError, match=r"expected numbers in 'Age' \(2 of 5 rows"):
        study(told, people=PEOPLE.replace("34", "1.234"))


def test_an_unknown_analyte_is_counted_once(study):
    found = study(cytokines=CYTOKINES.replace("TNF-alpha", "our own #1"))
    report = check_study(found.cohort, reading=found.reading)
    (note,) = [f for f in report.findings if f.code == "unknown_analytes"]
    assert note.columns == ("our own #1",)


def test_descriptions_go_to_their_marker_or_are_named(study):
    told = DICTIONARY.replace("IL6 = { low", '"IL-6" = { low').replace("TNF = {", "TNNF = {")
    found = study(told)
    assert found.cohort.schema["IL6"].high == 5000
    (finding,) = found.reading.findings
    assert finding.startswith("study.toml describes the marker 'TNNF', which no file has")
    assert found.cohort.schema["TNF"].high is None


def test_a_logarithm_of_a_concentration_is_refused(study):
    with pytest.raises(UnitError, match="a unit belongs to a quantity, not to its logarithm"):
        study(DICTIONARY.replace("pg/mL", "log2 pg/mL"))


DATASETS = Path(signature.datasets.__file__).parent


def _shipped(name, data_root):
    if not (data_root / name).is_dir():
        pytest.skip(f"no local data for {name!r}")
    return read_study(DATASETS / f"{name}.toml", data_root / name)


def test_three_hospitals_are_checked_without_an_error(data_root):
    found = _shipped("covid_olink_three_sites", data_root)
    assert (len(found.cohort), found.cohort.n_people) == (1315, 639)
    report = check_study(found.cohort, site=found.site, reading=found.reading)
    codes = {f.code for f in report.findings}
    assert {"detection_by_site", "absent_by_site", "limits_differ", "plates_in_sites"} <= codes
    assert report.count(Severity.ERROR) == 0


def test_wells_become_patients_and_visits(data_root):
    found = _shipped("infliximab_crohn_luminex", data_root)
    cohort = found.cohort
    assert (len(cohort), cohort.n_people) == (84, 28)
    assert sorted(set(cohort.visit)) == ["V1", "V2", "V3"]
    panel = [c for c in cohort.schema.columns if c.unit == "MFI" and c.role is Role.MARKER]
    assert len(panel) == 45
    notes = {(n.where, n.what): n.rows for n in found.notes}
    assert notes["wells.csv", "rows in the file"] == 8640
    bridged = [s for s in found.quality.bridging.shifts if s.bridges == 2]
    # both plates, of which the first stays where it is
    assert len({s.marker for s in bridged if s.plate == "2"}) == 15
    first = cohort.visit == "V1"
    assert found.outcome[first].value_counts().to_dict() == {0.0: 15, 1.0: 9}
    report = check_study(cohort, found.quality, outcome=found.outcome, reading=found.reading)
    assert {"low_detection", "wells_excluded"} <= {f.code for f in report.findings}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("IL6 = {", "IL66 = {", r"study.toml describes the marker 'IL66', .* mean 'IL6'\?"),
        ('"pg/mL"', '"picograms"', "cytokines.csv: no unit 'picograms'.*nothing is converted"),
        ("<0.4", "OOR <", "cytokines.csv: without a limit, .* in 1 cells of TNF says nothing"),
    ],
)
def test_what_is_read_with_doubt_is_said(study, old, new, sentence):
    read = study(DICTIONARY.replace(old, new), CYTOKINES.replace(old, new))
    (found,) = read.reading.findings
    assert re.search(sentence, found)

"""Files of Olink, Luminex and ImmPort, in the columns that these programs write."""

import numpy as np
import pandas as pd
import pytest
from refusals import SECRET, refused

from signature.assay import cells
from signature.assay.layout import Layout
from signature.assay.readers import _rows, immport_results, luminex_wells, olink_npx
from signature.assay.wells import COLUMNS, Kind, Wells
from signature.exceptions import TableError


@pytest.fixture
def file(tmp_path):
    """Return a function that writes records as a text file and gives the path."""

    def write(records, name="lab.csv", sep=","):
        path = tmp_path / name
        pd.DataFrame(records).to_csv(path, index=False, sep=sep)
        return path

    return write


def reasons(read):
    return read.set_aside.groupby("row")["reason"].first().to_dict()


# Olink


def target96(**changes):
    """One row as Olink's Target 96 software exports it; columns of OlinkAnalyze's npx_data1."""
    return {
        "SampleID": "A1",
        "Index": 1,
        "OlinkID": "OID00471",
        "UniProt": "P10145",
        "Assay": "IL8",
        "MissingFreq": "0.01",
        "Panel": "Olink Inflammation",
        "Panel_Version": "v.3004",
        "PlateID": "P1",
        "QC_Warning": "Pass",
        "LOD": 1.9,
        "NPX": 6.2,
        "Normalization": "Plate control",
        **changes,
    }


def explore(**changes):
    """One row of Explore 1536 or 3072."""
    return {
        "SampleID": "A1",
        "Index": 1,
        "OlinkID": "OID20563",
        "UniProt": "P05231",
        "Assay": "IL6",
        "MissingFreq": 0.1,
        "Panel": "Inflammation",
        "Panel_Lot_Nr": "B04404",
        "PlateID": "P1",
        "QC_Warning": "PASS",
        "LOD": -0.5,
        "NPX": 1.25,
        "Normalization": "Plate control",
        "Assay_Warning": "PASS",
        "Sample_Type": "SAMPLE",
        "ExploreVersion": "3.5.0",
        **changes,
    }


def explore_ht(**changes):
    """One row of Explore HT, whose exports state no limits until OlinkAnalyze adds them."""
    return {
        "SampleID": "A1",
        "SampleType": "SAMPLE",
        "WellID": "A1",
        "PlateID": "P1",
        "DataAnalysisRefID": "D10007",
        "OlinkID": "OID40770",
        "UniProt": "P05231",
        "Assay": "IL6",
        "AssayType": "assay",
        "Panel": "Explore HT",
        "Block": 1,
        "Count": 500,
        "ExtNPX": -1.5,
        "NPX": 0.75,
        "Normalization": "Intensity",
        "PCNormalizedNPX": 1.5,
        "AssayQC": "PASS",
        "SampleQC": "PASS",
        "ExploreVersion": "1.0.0",
        **changes,
    }


def test_olink_target_96(file):
    rows = [
        target96(),
        target96(SampleID="A2", NPX=1.5, QC_Warning="Warning"),
        target96(SampleID="A3", NPX=1.5, PlateID="P2", LOD=1.2),
        target96(SampleID="A4", NPX=None),
        target96(SampleID="CONTROL_SAMPLE_AS 1"),
        target96(Assay="Inc Ctrl 1", OlinkID="OID9"),
    ]
    read = olink_npx.read(file(rows, sep=";"), Layout())
    assert read.table["unit"].unique().tolist() == ["NPX"]
    np.testing.assert_array_equal(read.table["value"], [6.2, np.nan, 1.5])
    np.testing.assert_array_equal(read.table["below"], [np.nan, 1.9, np.nan])
    assert read.table["limit"].tolist() == [1.9, 1.9, 1.2]
    assert read.table["flag"].fillna("").tolist() == ["", "sample: Warning", ""]
    assert read.table["marker"].unique().tolist() == ["CXCL8"]
    assert reasons(read) == {
        5: cells.MISSING,
        6: olink_npx.CONTROL_SAMPLE,
        7: olink_npx.CONTROL_ASSAY,
    }
    assert "1 samples are set aside as controls because their names" in read.findings[0]


def test_olink_a_person_called_control_stays(file):
    read = olink_npx.read(file([target96(SampleID="Control 7")]), Layout())
    assert (len(read), read.findings) == (1, ())
    read = olink_npx.read(file([target96(SampleID="Control 7")]), Layout(controls=("Control 7",)))
    assert reasons(read) == {2: olink_npx.CONTROL_SAMPLE}


def test_olink_explore_measures_some_assays_in_several_panels(file):
    others = {"OID20153": "Neurology", "OID20911": "Oncology", "OID20563": "Inflammation"}
    rows = [
        explore(SampleID=sample, OlinkID=oid, Panel=panel, NPX=i + j, LOD=j - 3)
        for i, sample in enumerate(["A1", "A2"])
        for j, (oid, panel) in enumerate(others.items())
    ]
    rows.append(explore(Assay="CRP", OlinkID="OID30000", Assay_Warning="WARN", QC_Warning="WARN"))
    rows.append(explore(SampleID="X", Sample_Type="CONTROL", OlinkID="OID20153"))
    path = file(rows, sep=";")
    read = olink_npx.read(path, Layout())
    assert read.table.query("marker == 'IL6'")["value"].tolist() == [0, 1]
    assert read.table["flag"].dropna().tolist() == ["sample: WARN; assay: WARN"]
    assert (read.set_aside["reason"] == olink_npx.SEVERAL).sum() == 4
    assert "1 assays were measured in several panels or blocks (IL6)" in read.findings[0]
    assert "4 measurements of the others" in read.findings[0]
    chosen = olink_npx.read(path, Layout(ignore=("OID20153", "OID20563")))
    assert chosen.table.query("marker == 'IL6'")["value"].tolist() == [1, 2]
    both = olink_npx.read(path, Layout(markers={"OID20911": "IL6 oncology"}))
    assert set(both.table["marker"]) == {"IL6", "IL6 oncology", "CRP"}
    assert (both.rows_in, len(both)) == (8, 5)


def test_olink_explore_ht(tmp_path):
    pytest.importorskip("pyarrow")
    rows = [
        explore_ht(),
        explore_ht(SampleID="A2", SampleQC="FAIL", NPX=None),
        explore_ht(SampleID="A3", AssayQC="WARN"),
        explore_ht(SampleID="PC1", SampleType="PLATE_CONTROL"),
        explore_ht(SampleID="NC1", SampleType="NEGATIVE_CONTROL"),
        explore_ht(AssayType="ext_ctrl", Assay="Extension control 1", OlinkID="OID1"),
        explore_ht(OlinkID="OID50000", Block=3),
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "ht.parquet")
    read = olink_npx.read(tmp_path / "ht.parquet", Layout())
    assert read.table["value"].tolist() == [0.75, 0.75]
    assert read.table["flag"].fillna("").tolist() == ["", "assay: WARN"]
    assert reasons(read) == {
        3: cells.MISSING,
        5: olink_npx.CONTROL_SAMPLE,
        6: olink_npx.CONTROL_SAMPLE,
        7: olink_npx.CONTROL_ASSAY,
        8: olink_npx.SEVERAL,
    }
    chosen = Layout(columns={"value": "PCNormalizedNPX"})
    assert olink_npx.read(tmp_path / "ht.parquet", chosen).table["value"].tolist()[0] == 1.5


def test_olink_limits_belong_to_the_values_of_their_normalisation(file):
    rows = [explore_ht(NPX=0.5, PCNormalizedNPX=2, LOD=1, PCNormalizedLOD=1.5)]
    path = file(rows)
    assert olink_npx.read(path, Layout()).table["below"].tolist() == [1]
    chosen = olink_npx.read(path, Layout(columns={"value": "PCNormalizedNPX"}))
    assert chosen.table[["value", "limit"]].iloc[0].tolist() == [2, 1.5]
    only_pc = file([explore_ht(NPX=0.5, PCNormalizedLOD=1.5)])
    assert olink_npx.read(only_pc, Layout()).table["limit"].isna().all()


def test_olink_quantified_values_have_the_unit_of_the_file(file):
    row = target96(Quantified_value=12.5, Unit="pg/mL", LLOQ=2.0)
    del row["NPX"]
    read = olink_npx.read(file([row]), Layout())
    assert read.table[["value", "unit", "limit"]].iloc[0].tolist() == [12.5, "pg/mL", 2.0]


def test_olink_two_limits_on_one_plate_are_refused(file):
    rows = [target96(), target96(SampleID=SECRET, LOD=2.5)]
    refused("two limits for one plate and marker", lambda: olink_npx.read(file(rows), Layout()))


# Luminex

WELL = {"plate": 1, "well": "A1", "sample": "a", "analyte": "IL-6", "MFI": 20.5, "bead_count": 60}


def wells(*changes):
    return [{**WELL, **change} for change in changes]


def test_luminex_wells_keep_replicates_and_kinds(file):
    rows = wells(
        {},
        {"well": "a02", "MFI": -3},
        {"well": "1(3,B12)", "sample": "ref"},
        {"well": "A4", "sample": "Blank"},
        {"well": "A5", "sample": "Std1", "analyte": "IL-6"},
        {"well": "A5", "sample": "Std1", "analyte": "TNF"},
        {"well": "A6", "sample": "QC low", "bead_count": None},
    )
    layout = Layout(bridges=("ref",), controls=("QC low",), standards={"Std1": {"IL-6": 100.0}})
    read = luminex_wells.read(file(rows), layout)
    assert tuple(read.table.columns) == COLUMNS
    assert read.table["well"].tolist() == ["A1", "A2", "B12", "A4", "A5", "A5", "A6"]
    kinds = ["sample", "sample", "bridge", "blank", "standard", "standard", "control"]
    assert read.table["kind"].tolist() == kinds
    np.testing.assert_array_equal(read.table["expected"].dropna(), [100])
    assert read.table["signal"].tolist()[:2] == [20.5, -3]
    assert read.table["beads"].isna().sum() == 1
    assert read.table["plate"].unique().tolist() == ["1"]
    assert "1 sample names are taken as blank" in read.findings[0]


def test_luminex_wells_may_state_kind_and_concentration(file):
    rows = wells(
        {"type": "X1", "exp conc": None},
        {"well": "A2", "sample": "s1", "type": "S1", "exp conc": "1,000"},
        {"well": "A3", "sample": "b", "type": "B", "exp conc": 5},
        {"well": "A4", "sample": "c", "type": "what", "exp conc": None},
        {"well": "A5", "sample": "bridge", "type": None, "exp conc": None},
    )
    read = luminex_wells.read(file(rows), Layout(bridges=("bridge",)))
    assert read.table["kind"].tolist() == ["sample", "standard", "blank", "bridge"]
    np.testing.assert_array_equal(read.table["expected"], [np.nan, 1000, np.nan, np.nan])
    assert reasons(read) == {5: luminex_wells.NO_KIND}


def test_luminex_wells_without_a_signal_have_a_reason(file):
    rows = wells(
        {"plate": None},
        {"well": "Z99"},
        {"sample": None},
        {"analyte": ""},
        {"MFI": "<20"},
        {"MFI": "OOR >"},
        {"MFI": "***"},
        {"MFI": None},
        {"well": "B1", "MFI": "1,234"},
        {"well": "B1", "MFI": "1234"},
    )
    read = luminex_wells.read(file(rows), Layout())
    assert reasons(read) == {
        2: luminex_wells.NO_PLATE,
        3: luminex_wells.NO_WELL,
        4: _rows.NO_SAMPLE,
        5: _rows.NO_ANALYTE,
        6: luminex_wells.A_LIMIT,
        7: luminex_wells.A_LIMIT,
        8: cells.REFUSED,
        9: cells.MISSING,
        11: _rows.REPEATED,
    }
    assert read.table["signal"].tolist() == [1234]


@pytest.mark.parametrize(
    ("rows", "layout", "message"),
    [
        (wells({}, {"MFI": 21}), {}, "2 rows give one well more than one signal"),
        (wells({"sample": SECRET}), {"blanks": ("B",)}, "no well of 'B', declared .* as blank"),
        (wells({}), {"blanks": ("a",), "controls": ("a",)}, "'a' is declared both"),
        (wells({}, {"analyte": "IL6"}), {}, "'IL-6' and 'IL6' are both IL6"),
    ],
)
def test_luminex_wells_that_contradict_are_refused(file, rows, layout, message):
    refused(message, lambda: luminex_wells.read(file(rows), Layout(**layout)))


def test_luminex_signals_must_be_numbers(file):
    path = file(wells({"MFI": SECRET}))
    refused("nothing but text in 'MFI'", lambda: luminex_wells.read(path, Layout()), TableError)


def test_luminex_wells_without_a_plate_column_are_one_plate(file):
    rows = [{k: v for k, v in WELL.items() if k not in ("plate", "bead_count")}]
    read = luminex_wells.read(file(rows), Layout())
    assert (read.table["plate"].tolist(), read.table["beads"].isna().all()) == (["1"], True)


def test_the_infliximab_wells(data_root):
    """8,640 wells of 45 analytes on two plates; the file's bDNF and BDNF are two bead regions."""
    path = data_root / "infliximab_crohn_luminex" / "wells.csv"
    if not path.is_file():
        pytest.skip("no local data for 'infliximab_crohn_luminex'")
    refused("'BDNF' and 'bDNF' are both BDNF", lambda: luminex_wells.read(path, Layout()))
    layout = Layout(
        markers={"bDNF": "bDNF bead 55"}, blanks=("Blank",), bridges=("Teva 53", "Teva 55")
    )
    read = luminex_wells.read(path, layout)
    assert read.rows_in == 8640
    assert set(read.set_aside["reason"]) == {cells.MISSING}
    assert len(read.set_aside) == 20
    table = read.table
    assert table["marker"].nunique() == 45
    assert table.groupby("kind")["sample"].nunique().to_dict() == {
        "blank": 1, "bridge": 2, "sample": 84, "standard": 6,
    }  # fmt: skip
    assert table.query("kind == 'bridge'").groupby("sample")["plate"].nunique().tolist() == [2, 2]
    raw = pd.read_csv(path)
    assert table["signal"].sum() == raw["MFI_median"].sum()
    assert table["beads"].sum() == raw.loc[raw["MFI_median"].notna(), "bead_count"].sum()


def test_wells_refuse_an_unknown_kind():
    table = pd.DataFrame([["1", "A1", "a", "pool", "IL6", 1.0, 60.0, np.nan]], columns=COLUMNS)
    refused("no kind of well 'pool'", lambda: Wells("f", table, 1))
    table["kind"] = str(Kind.SAMPLE)
    refused("1 are unaccounted for", lambda: Wells("f", table, 2))
    assert repr(Wells("f", table, 1)) == "Wells('f', 1 wells)"


# ImmPort


def mbaa(**changes):
    """One row of ``mbaa_result`` as ImmPort's study downloads have it."""
    return {
        "RESULT_ID": 1,
        "ANALYTE_PREFERRED": "IL6",
        "ANALYTE_REPORTED": "IL-6",
        "ASSAY_GROUP_ID": "G",
        "ASSAY_ID": "plate 1",
        "BIOSAMPLE_ACCESSION": "BS1",
        "COMMENTS": "",
        "CONCENTRATION_UNIT_REPORTED": "pg/mL",
        "CONCENTRATION_VALUE_PREFERRED": 1.5,
        "CONCENTRATION_VALUE_REPORTED": "1.5",
        "MFI": 20,
        "MFI_COORDINATE": "A1",
        "SOURCE_ACCESSION": "ES1",
        "SOURCE_TYPE": "EXPSAMPLE",
        **changes,
    }


def test_immport_bead_array_results(file):
    rows = [
        mbaa(),
        mbaa(SOURCE_ACCESSION="ES2", CONCENTRATION_VALUE_REPORTED="<0.8", ASSAY_ID="plate 2"),
        mbaa(SOURCE_ACCESSION="CS1", SOURCE_TYPE="CONTROL SAMPLE"),
        mbaa(SOURCE_ACCESSION="SC1", SOURCE_TYPE="STANDARD CURVE"),
        mbaa(SOURCE_ACCESSION="ES3", CONCENTRATION_VALUE_REPORTED="OOR"),
        mbaa(SOURCE_ACCESSION="ES4", ANALYTE_REPORTED="CXCL8;IL8;interleukin-8"),
    ]
    read = immport_results.read(file(rows, "mbaa_result.txt", "\t"), Layout())
    assert read.table["sample"].tolist() == ["ES1", "ES2", "ES4"]
    assert read.table["marker"].tolist() == ["IL6", "IL6", "CXCL8"]
    assert read.table["plate"].tolist() == ["plate 1", "plate 2", "plate 1"]
    np.testing.assert_array_equal(read.table["below"], [np.nan, 0.8, np.nan])
    assert reasons(read) == {
        4: immport_results.CONTROL,
        5: immport_results.STANDARD,
        6: cells.NO_SIDE,
    }
    chosen = Layout(columns={"sample": "BIOSAMPLE_ACCESSION"}, only=("CXCL8",))
    one = immport_results.read(file(rows, "mbaa_result.txt", "\t"), chosen)
    assert one.table["sample"].tolist() == ["BS1"]


def test_immport_codes_for_out_of_range_are_no_concentrations(file):
    rows = [
        mbaa(CONCENTRATION_VALUE_REPORTED="-999"),
        mbaa(SOURCE_ACCESSION="ES2", CONCENTRATION_VALUE_REPORTED="999.0"),
        mbaa(SOURCE_ACCESSION="ES3", CONCENTRATION_VALUE_REPORTED="998"),
    ]
    read = immport_results.read(file(rows, "mbaa_result.txt", "\t"), Layout())
    assert reasons(read) == {2: immport_results.CODE, 3: immport_results.CODE}
    alone = immport_results.read(file(rows[1:], "mbaa_result.txt", "\t"), Layout())
    assert alone.table["value"].tolist() == [999, 998]


def test_immport_upload_template_of_elisa(file):
    rows = [
        {
            "Expsample ID": "x1",
            "Analyte Reported": "TNF-alpha",
            "Value Reported": value,
            "Unit Reported": "pg/mL",
            "Comments": SECRET,
        }
        for value in ("2.5", "2.50")
    ]
    read = immport_results.read(file(rows, "ELISA_Results.txt", "\t"), Layout())
    assert read.table[["sample", "marker", "value"]].iloc[0].tolist() == ["x1", "TNF", 2.5]
    assert reasons(read) == {3: _rows.REPEATED}
    assert SECRET not in read.table.to_csv()

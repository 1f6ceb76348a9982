"""Result files in the columns of ImmPort."""

import numpy as np

from signature.assay import cells
from signature.assay.layout import Layout
from signature.assay.readers import _rows, immport_results
from tests.made.lab_checks import SECRET, reasons

pytest_plugins = ["tests.made.lab_files"]


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


def test_immport_bead_array_results(record_file):
    rows = [
        mbaa(),
        mbaa(SOURCE_ACCESSION="ES2", CONCENTRATION_VALUE_REPORTED="<0.8", ASSAY_ID="plate 2"),
        mbaa(SOURCE_ACCESSION="CS1", SOURCE_TYPE="CONTROL SAMPLE"),
        mbaa(SOURCE_ACCESSION="SC1", SOURCE_TYPE="STANDARD CURVE"),
        mbaa(SOURCE_ACCESSION="ES3", CONCENTRATION_VALUE_REPORTED="OOR"),
        mbaa(SOURCE_ACCESSION="ES4", ANALYTE_REPORTED="CXCL8;IL8;interleukin-8"),
    ]
    read = immport_results.read(record_file(rows, "mbaa_result.txt", "\t"), Layout())
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
    one = immport_results.read(record_file(rows, "mbaa_result.txt", "\t"), chosen)
    assert one.table["sample"].tolist() == ["BS1"]


def test_immport_codes_for_out_of_range_are_no_concentrations(record_file):
    rows = [
        mbaa(CONCENTRATION_VALUE_REPORTED="-999"),
        mbaa(SOURCE_ACCESSION="ES2", CONCENTRATION_VALUE_REPORTED="999.0"),
        mbaa(SOURCE_ACCESSION="ES3", CONCENTRATION_VALUE_REPORTED="998"),
    ]
    read = immport_results.read(record_file(rows, "mbaa_result.txt", "\t"), Layout())
    assert reasons(read) == {2: immport_results.CODE, 3: immport_results.CODE}
    alone = immport_results.read(record_file(rows[1:], "mbaa_result.txt", "\t"), Layout())
    assert alone.table["value"].tolist() == [999, 998]


def test_immport_upload_template_of_elisa(record_file):
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
    read = immport_results.read(record_file(rows, "ELISA_Results.txt", "\t"), Layout())
    assert read.table[["sample", "marker", "value"]].iloc[0].tolist() == ["x1", "TNF", 2.5]
    assert reasons(read) == {3: _rows.REPEATED}
    assert SECRET not in read.table.to_csv()

"""A made-up survey in the form of the public NHANES files: eight people in each of two cycles.

Cycle F has C-reactive protein in mg/dL and insulin in the glucose file; cycle P has other names for
blood pressure, weights and marital status. Person 6 is 19 years old, person 7 was not examined,
person 8 takes nothing that counts.
"""

import hashlib

import numpy as np
import pandas as pd

from signature.datasets import _nhanes_files
from tests.made.xport import xport

PEOPLE = range(1, 9)
DRUGS = [
    # person, drug, days, reason
    (1, "FLUOXETINE", 400, "F32.9"),
    (1, "LISINOPRIL", 99999, "I10"),
    (2, "AMITRIPTYLINE; PERPHENAZINE", 900, "G43"),
    (3, "SERTRALINE", 41, "F41.9"),
    (3, "BUPROPION", 42, "F33"),
    (4, "CITALOPRAM", 99999, "F32.9"),
    (5, "trazodone", 77777, ""),
    (5, "VENLAFAXINE", 60, "F41.1"),
    (6, "FLUOXETINE", 400, "F32.9"),
    (7, "FLUOXETINE", 400, "F32.9"),
    (8, "DOXEPIN TOPICAL", 30, "L29"),
    (8, "", np.nan, ""),
]


def _table(first: int, **variables: list) -> pd.DataFrame:
    people = pd.DataFrame({"SEQN": [float(first + p) for p in PEOPLE]})
    return people.assign(**{k: v if len(v) == 8 else [*v] * 8 for k, v in variables.items()})


def tables(cycle: str, first: int) -> dict[str, pd.DataFrame]:
    """Return every table of a cycle, F or P; participants are numbered from `first`."""
    late = cycle == "P"
    pressure = "BPXO{}{}" if late else "BPX{}{}"
    drugs = pd.DataFrame(DRUGS, columns=["SEQN", "RXDDRUG", "RXDDAYS", "RXDRSC1"])
    drugs["SEQN"] = drugs["SEQN"] + float(first)
    drugs["RXDRSC2"], drugs["RXDCOUNT"] = "", 1.0
    if not late:
        drugs = drugs.drop(columns=["RXDRSC1", "RXDRSC2"])
    phq = {f"DPQ0{i}0": [2, 0, 0, 1, 1, 0, 0, 0] for i in range(1, 10)}
    phq["DPQ090"] = [0, 0, 0, 2, 1 if late else 7, 0, 0, 0]
    nan = float("nan")
    found = {
        "DEMO": _table(
            first,
            RIDSTATR=[2, 2, 2, 2, 2, 2, 1, 2],
            RIAGENDR=[1, 2, 1, 2, 1, 2, 1, 2],
            RIDAGEYR=[20, 30, 40, 50, 60, 19, 70, 80],
            RIDRETH1=[1, 2, 3, 4, 5, 3, 3, 3],
            DMDEDUC2=[1, 5, 9, 7, 3, nan, 3, 3],
            **{"DMDMARTZ" if late else "DMDMARTL": [1, 3, 77, 2, 99, nan, 1, 1] if late
               else [6, 5, 77, 2, 1, nan, 1, 1]},
            INDFMPIR=[0, 5, 1.25, nan, 2, 2, 2, 2],
            RIDEXPRG=[nan, 1, nan, 2, nan, nan, nan, nan],
            **{"WTMECPRP" if late else "WTMEC2YR": [1000.5]},
            SDMVPSU=[1],
            SDMVSTRA=[90],
        ),
        "DPQ": _table(first, **phq),
        "RXQ_RX": drugs,
        "BIOPRO": _table(
            first,
            **{v: [1.5] for v in (
                "LBXSAL", "LBXSGB", "LBXSTB", "LBXSUA", "LBXSCR", "LBXSGTSI", "LBXSATSI",
                "LBXSASSI", "LBXSAPSI", "LBXSIR", "LBXSCH", "LBXSGL",
            )},
            LBXSTR=[150, 149, 150, nan, 90, 90, 90, 90],
        ),
        "BMX": _table(first, BMXBMI=[25.5], BMXHT=[170.2],
                      BMXWAIST=[102.1, 88, 102, 90, 80, 80, 80, 80]),
        "BPQ": _table(first, BPQ020=[1, 2, 9, 2, 1, 2, 2, 2], BPQ050A=[2]),
        "BPX": _table(
            first,
            **{
                pressure.format("SY", 1): [130, 120, 110, 120, 120, 120, 120, 120],
                pressure.format("SY", 2): [131, nan, 111, 120, 120, 120, 120, 120],
                pressure.format("DI", 1): [0, 70, 84, 85, 70, 70, 70, 70],
                pressure.format("DI", 2): [80, nan, 84, 85, 70, 70, 70, 70],
            },
        ),
        "CBC": _table(
            first,
            **{v: [1.5] for v in (
                "LBXWBCSI", "LBDMONO", "LBDEONO", "LBDBANO", "LBXHGB", "LBXRDW", "LBXMCVSI",
                "LBXMPSI",
            )},
            LBDNENO=[4], LBDLYMNO=[2, 0, 1, 1, 1, 1, 1, 1], LBXPLTSI=[200],
        ),
        "COT": _table(first, LBXCOT=[0.011, 0.015, 250, nan, 0.02, 1, 1, 1]),
        "CRP": _table(
            first,
            **({"LBXHSCRP": [0.11, 246.86, 0.15, nan, 2.5, 1, 1, 1]} if late
               else {"LBXCRP": [0.01, 18.01, 0.02, nan, 0.29, 1, 1, 1]}),
        ),
        "DIQ": _table(first, DIQ010=[1, 2, 3, 9, 2, 2, 2, 2]),
        "FERTIN": _table(first, LBXFER=[100]),
        "GHB": _table(first, LBXGH=[5.7, 5.6, 5, 5, 5, 5, 5, 5]),
        "GLU": _table(first, LBXGLU=[99], **({} if late else {"LBXIN": [11]})),
        "HDL": _table(first, LBDHDD=[39, 50, 60, 49, 60, 60, 60, 60]),
        "INS": _table(first, LBXIN=[11]),
        "SMQ": _table(
            first, SMQ020=[2, 1, 1, 1, 7, 2, 2, 2], SMQ040=[nan, 3, 1, 2, nan, nan, nan, nan]
        ),
        "TRIGLY": _table(first, LBXTR=[120]),
    }  # fmt: skip
    if not late:
        del found["FERTIN"], found["INS"]
    return found


def published() -> tuple[tuple[_nhanes_files.PublicFile, ...], dict[str, bytes]]:
    """Return a registry of both cycles, and what a server holds at each path.

    C-reactive protein of F has no known hash, the drugs of P a git object name only.
    """
    contents = {
        (cycle, table): xport(data)
        for cycle, first in (("F", 0), ("P", 100))
        for table, data in tables(cycle, first).items()
    }
    registered, served = [], {}
    for real in _nhanes_files.registry():
        content = contents.get((real.cycle, real.table))
        if content is None:
            continue
        served[real.path] = content
        digest = hashlib.sha256(content).hexdigest()
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        known = real.sha256 or real.git_sha1
        registered.append(
            _nhanes_files.PublicFile(
                cycle=real.cycle,
                table=real.table,
                path=real.path,
                size=len(content) if real.sha256 else None,
                sha256=(digest,) if real.sha256 else (),
                git_sha1=git if known and not real.sha256 else "",
                copies=real.copies,
            )
        )
    return tuple(registered), served

"""A wrong name leads to the one that was meant, and never to another marker's limit."""

import pytest

from signature.study.spelling import closest

KNOWN = ["age", "IL6", "IL6__below", "CXCL8", "CXCL8__below", "CRP"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("il-6", "IL6"),
        ("IL6_below", "IL6__below"),
        ("IL6__Below", "IL6__below"),
        ("IL-8__below", "CXCL8__below"),
        ("IL-8", "CXCL8"),
        ("agee", "age"),
        ("CRP__below", None),
        ("CXCL9__below", None),
        ("CRP_below", None),
        ("IL16__below", None),
        ("weight", None),
    ],
)
def test_what_was_probably_meant(name, meant):
    assert closest(name, KNOWN) == meant

"""The loop while writing leaves out the longest files, and forgets none that is new."""

import json

import pytest

from tests.made import seconds
from tests.made.checkout import REPO


@pytest.mark.parametrize(
    ("most", "out"),
    [
        (100, set()),
        (12, set()),
        (11.9, {"long"}),
        (3, {"long"}),
        (2.5, {"long", "same"}),
        (0, {"short", "long", "shorter", "same"}),
    ],
)
def test_the_longest_are_left_out_until_the_rest_fits(most, out):
    times = {"short": 1.0, "long": 9.0, "shorter": 0.5, "same": 1.5}
    assert seconds.within(times, most) == out


def test_the_files_that_were_timed_are_there():
    timed = json.loads(seconds.KEPT.read_text(encoding="utf-8"))
    assert len(timed) > 100
    gone = [file for file in timed if not (REPO / file).is_file()]
    assert not gone, "time the tests anew: make seconds"

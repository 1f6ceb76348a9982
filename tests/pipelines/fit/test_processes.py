"""Calls come back whatever the number of processes, in order where that is asked."""

import operator
import os
import signal

import pytest

from pipelines.fit.processes import run_all, stop_workers
from signature.exceptions import LauncherError


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_call_comes_back(jobs):
    calls = [(operator.mul, (n, n)) for n in range(7)]
    assert sorted(run_all(calls, jobs=jobs)) == [n * n for n in range(7)]
    assert list(run_all(calls, jobs=jobs, ordered=True)) == [n * n for n in range(7)]


def test_a_call_that_fails_says_so():
    with pytest.raises(ZeroDivisionError):
        list(run_all([(operator.truediv, (1, k)) for k in (1, 0)], jobs=2))


def _end_this_process(number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_the_system_ends_is_one_line():
    with pytest.raises(LauncherError, match="ended one of 2 processes, often for want of memory"):
        list(run_all([(_end_this_process, (n,)) for n in range(4)], jobs=2))
    # and others can be started
    assert sorted(run_all([(operator.neg, (n,)) for n in range(3)], jobs=2)) == [-2, -1, 0]


def test_workers_are_ended():
    pids = set(run_all([(os.getpid, ())] * 4, jobs=2))
    assert os.getpid() not in pids
    stop_workers()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

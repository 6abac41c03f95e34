"""Nothing is said of data without a slip: the shipped cases, and random cases of which two years
are written (clean.py)."""

import pytest

import qtoolkit as qt
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.table import read_table
from tests.slips.clean import write_case
from tests.strategies import scheme_of

SHIPPED = sorted(path.parent for path in packaged_cases().rglob("params.yaml"))


@pytest.mark.parametrize("case", SHIPPED, ids=lambda path: path.name)
def test_no_false_alarm_on_a_shipped_case(case):
    read = qt.read_case(case)
    flags = qt.assess(read.scheme, read.table).flags
    assert flags[flags.kind.isin(CHECKS)].empty


def alarms(folder, seeds):
    """(seed, sentence) of everything that is said of random cases; an InputError would be an
    alarm too."""
    found = []
    for seed in seeds:
        data, now, before = write_case(folder / str(seed), seed)
        scheme = scheme_of(data)
        last = scheme, read_table(before, scheme)
        found += [(seed, doubt.text.en) for doubt in read_table(now, scheme, last).doubts]
    return found


def test_no_false_alarm_on_50_random_cases(tmp_path):
    assert alarms(tmp_path, range(50)) == []


@pytest.mark.soak
def test_at_most_one_false_alarm_in_a_hundred_random_cases(tmp_path):
    assert len(alarms(tmp_path, range(50, 1050))) <= 10

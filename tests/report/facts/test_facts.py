"""Every fact of every page is what its tables give, over the shipped cases and random schemes; a
wrong fact planted in any page is found."""

from functools import cache

import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.report.wording import PHRASES, sources
from tests.examples import ALL
from tests.report.facts import recorded
from tests.report.test_pages import used_by
from tests.sentences import results

CASES = ["provinces-2008", "tai-2001", "city-2026"]
AWARD = "mayor-award"
# random schemes by default where each takes long
FEWER = {"simulated": 10, "cutoffs": 12, "exact": 12}
PAGES = sorted({name.rpartition(".")[0] for name in sources()} - {PHRASES})


@cache
def asked(name):
    """What the views of a case are called with."""
    case = qt.read_case(name)
    result = qt.assess(case.scheme, case.table)
    if case.ratings is not None:
        given_ = recorded.given_of(result)
        given_.ratings = case.ratings
        return given_
    if case.previous is None:
        return recorded.given_of(result, recorded.compared(result))
    last = qt.assess(case.previous.scheme, case.previous.table)
    return recorded.given_of(result, qt.comparison.compare(last, result), last)


@pytest.mark.parametrize("module", recorded.VIEWS)
def test_facts_of_the_cases(module):
    """Of each case: every fact is what its tables give; each in turn made wrong, and nothing else,
    is found. All cases together: every page of the module is filled in, and no fact is idle."""
    found = set()
    for name in [AWARD] if module == "panel" else CASES:
        sections = recorded.sections(asked(name), module)
        assert not asked(name).refused
        for section in sections:
            recorded.check(section, asked(name))
            assert set(section.facts) == used_by(section.page, section.tables), section.page
            find_wrong_facts(section, asked(name))
            found.add(section.page)
    own = {page for page in PAGES if page.startswith(f"{module}/")}
    assert {page for page in found if page.startswith(f"{module}/")} == own


def find_wrong_facts(section, given_):
    anew = recorded.anew_of(section, given_)
    for key, fact in section.facts.items():
        section.facts[key] = recorded.wrong(fact)
        with pytest.raises(AssertionError):
            recorded.check(section, given_, anew)
        section.facts[key] = fact


@cache
def at_random():
    """What the views of random schemes are called with, drawn once for all modules."""
    found = []

    @settings(max_examples=300 if ALL else 20)
    @given(result=results())
    def collect(result):
        try:
            found.append(recorded.given_of(result, recorded.compared(result)))
        except InputError:  # such a scheme cannot be changed so
            return

    collect()
    return found


@pytest.mark.parametrize("module", recorded.VIEWS)
def test_facts_of_random_schemes(module):
    every = len(at_random())
    few = every if ALL else min(every, FEWER.get(module, every))
    for k in range(few):
        given_ = at_random()[k * every // few]
        try:
            for section in recorded.sections(given_, module):
                recorded.check(section, given_)
        except AssertionError as error:
            error.add_note(f"{given_.result.scheme!r}\n{given_.result.table!r}")
            raise

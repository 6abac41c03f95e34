"""Every fact of every page is what its tables give, over the shipped cases and random schemes; a
wrong fact planted in any page is found."""

import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.report.wording import PHRASES, sources
from tests.examples import share
from tests.report.facts import recorded
from tests.sentences import results

CASES = ["provinces-2008", "tai-2001", "city-2026"]
PAGES = sorted({name.rpartition(".")[0] for name in sources()} - {PHRASES})


@pytest.fixture(scope="module", params=CASES)
def made(request):
    """What the views of a case are called with, and their sections."""
    case = qt.read_case(request.param)
    result = qt.assess(case.scheme, case.table)
    found = None
    if case.previous is not None:
        found = qt.compare(qt.assess(case.previous.scheme, case.previous.table), result)
    given_ = recorded.given_of(result, found, case.previous)
    return given_, recorded.sections(given_)


def test_facts_of_the_cases(made):
    given_, sections = made
    assert not given_.refused
    for section in sections:
        recorded.check(section, given_)


def test_every_page_is_among_them(made):
    given_, sections = made
    if given_.found is not None:
        assert sorted({section.page for section in sections}) == PAGES


def test_a_wrong_fact_is_found(made):
    """Each fact of each section in turn is made wrong, and nothing else."""
    given_, sections = made
    for section in sections:
        for name, fact in section.facts.items():
            section.facts[name] = recorded.wrong(fact)
            with pytest.raises(AssertionError):
                recorded.check(section, given_)
            section.facts[name] = fact


@settings(max_examples=share(300))
@given(results())
def test_facts_of_random_schemes(result):
    given_ = recorded.given_of(result)
    for section in recorded.sections(given_):
        recorded.check(section, given_)

"""Every fact of every page is what its tables give, over the shipped cases and random schemes; a
wrong fact planted in any page is found."""

from functools import cache

import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.report.wording import PHRASES, sources
from tests.examples import share
from tests.report.facts import recorded
from tests.report.test_pages import used_by
from tests.sentences import results

CASES = ["provinces-2008", "tai-2001", "city-2026"]
PAGES = sorted({name.rpartition(".")[0] for name in sources()} - {PHRASES})


@cache
def asked(name):
    """What the views of a case are called with."""
    case = qt.read_case(name)
    result = qt.assess(case.scheme, case.table)
    if case.previous is None:
        return recorded.given_of(result, recorded.compared(result))
    last = qt.assess(case.previous.scheme, case.previous.table)
    return recorded.given_of(result, qt.comparison.compare(last, result), case.previous)


@cache
def made(name, module):
    """The sections of a module's views of a case."""
    return recorded.sections(asked(name), module)


@pytest.mark.parametrize("module", recorded.VIEWS)
@pytest.mark.parametrize("name", CASES)
def test_facts_of_the_cases(name, module):
    sections = made(name, module)
    assert not asked(name).refused
    for section in sections:
        recorded.check(section, asked(name))


@pytest.mark.parametrize("module", recorded.VIEWS)
def test_every_page_and_fact_is_among_them(module):
    """The pages of a module are all filled in by some case, and hold no fact that they do not
    use."""
    sections = [section for name in CASES for section in made(name, module)]
    pages = {page for page in PAGES if page.startswith(f"{module}/")}
    assert {section.page for section in sections if section.page.startswith(f"{module}/")} == pages
    for section in sections:
        assert set(section.facts) == used_by(section.page, section.tables), section.page


@pytest.mark.parametrize("module", recorded.VIEWS)
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_fact_is_found(name, module):
    """Each fact of each section in turn is made wrong, and nothing else."""
    for section in made(name, module):
        for key, fact in section.facts.items():
            section.facts[key] = recorded.wrong(fact)
            with pytest.raises(AssertionError):
                recorded.check(section, asked(name))
            section.facts[key] = fact


@pytest.mark.parametrize("module", recorded.VIEWS)
@settings(max_examples=share(300))
@given(result=results())
def test_facts_of_random_schemes(module, result):
    try:
        given_ = recorded.given_of(result, recorded.compared(result))
    except InputError:  # such a scheme cannot be changed so
        given_ = None
    if given_ is not None:
        for section in recorded.sections(given_, module):
            recorded.check(section, given_)

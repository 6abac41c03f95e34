"""All views of an assessment, run with their sections recorded; and their facts, computed anew."""

from __future__ import annotations

import contextlib
import importlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from unittest import mock

import pandas as pd

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Rounding
from qtoolkit.language import Text
from qtoolkit.report import (
    assessment,
    comparison,
    cutoffs,
    exact,
    reasons,
    rules,
    scheme,
    simulated,
    summary,
)
from qtoolkit.report import drafts as draft_views
from qtoolkit.report.sections import Rows, Section, plain
from tests import pages
from tests.report.facts import drafts, fairness, panel, verification
from tests.report.facts.simulated import lists

BAND, DRAWS, SEED = 0.1, 200, 0


@dataclass
class Given:
    """What the views are called with."""

    result: qt.Assessment
    drawn: qt.simulation.Simulation
    found: qt.comparison.Comparison | None = None
    previous: qt.Assessment | None = None
    band: float = BAND
    draws: int = DRAWS
    refused: list[str] = field(default_factory=list)
    ratings: object = None
    asked: dict[str, object] = field(default_factory=dict)

    @cached_property
    def rivals(self):
        """Rival drafts beside the assessment."""
        return drafts.rivals(self)


# By module of `qtoolkit.report`, its views as calls.
VIEWS = {
    "summary": lambda g: [
        lambda: pages.summary(g.result, 1, g.previous),
        lambda: pages.risks(g.result),
        lambda: summary.changes(g.result.change(made(g.result)), g.result, made(g.result)),
    ],
    "scheme": lambda g: [
        lambda: scheme.basis(g.result),
        lambda: scheme.units(g.result),
        lambda: scheme.indicators(g.result, g.previous),
        scheme.terms,
    ],
    "rules": lambda g: [lambda: rules.rules(g.result), lambda: rules.grades(g.result)],
    "assessment": lambda g: [
        lambda: assessment.results(g.result),
        lambda: pages.operation(g.result),
        lambda: assessment.details(g.result),
    ],
    "decomposition": lambda g: [
        lambda: pages.lists(g.result),
        lambda: pages.losses(g.result),
        lambda: pages.stages(g.result),
        lambda: pages.dependence(g.result),
        lambda: pages.gaps(g.result),
        lambda: pages.checks(g.result),
    ],
    "cutoffs": lambda g: [
        lambda: pages.near_misses(g.result, 1),
        lambda: pages.decimals(g.result),
        lambda: pages.moving(g.result),
        lambda: pages.gathering(g.result),
        lambda: pages.quotas(g.result),
        lambda: pages.readings(g.result),
        lambda: pages.places(g.result),
        lambda: pages.options(g.result, 2, 50),
        cutoffs.methods,
        lambda: pages.errors(g.result, 1.5, SOURCE, draws=500),
    ],
    "sensitivity": lambda g: [
        lambda: pages.ranges(g.result, BAND),
        lambda: pages.tolerances(g.result, BAND),
        lambda: pages.crosscheck(g.result),
        lambda: pages.methods(g.result, BAND),
    ],
    "exact": lambda g: [
        lambda: pages.rank_ranges(g.result, BAND, g.drawn),
        lambda: pages.flips(g.result),
        lambda: pages.transfers(g.result),
        exact.proofs,
        lambda: pages.new_indicators(g.result, new_since(g)),
    ],
    "simulated": lambda g: [
        lambda: simulated.frequencies(g.result, g.drawn, 2 * DRAWS),
        lambda: pages.choices(g.result, None, BAND, n=16),
        lambda: pages.choices(g.result, lists(g.result), BAND, n=16),
        lambda: pages.rank_sets(g.result),
    ],
    "weights": lambda g: [
        lambda: pages.effective(g.result, bootstrap=5),
        lambda: pages.overlaps(g.result),
        lambda: pages.alternatives(g.result),
        lambda: pages.reach(g.result),
    ],
    "comparison": lambda g: [
        lambda: comparison.transitions(None),
        lambda: comparison.transitions(g.found),
        lambda: comparison.parts(g.found),
        lambda: comparison.alone(g.found),
        lambda: comparison.revision(g.found),
        lambda: comparison.methods(g.found),
        lambda: comparison.history(qt.comparison.history_of(g.result)),
    ],
    "drafts": lambda g: [lambda: draft_views.drafts(None), lambda: draft_views.drafts(g.rivals)],
    "appeals": lambda g: [lambda: pages.rejudged(g.result)],
    "reasons": lambda g: [lambda: reasons.reasons(g.found)],
    "panel": panel.views,
    "strictness": lambda g: [lambda: pages.marking(g.result, g.ratings, g.previous)],
    "verification": verification.views,
    "fairness": fairness.views,
}
SOURCE = "复评抽样（模拟） | a second marking (synthetic)"


def made(result):
    """Changes of an assessment's scheme, of each kind that is worded for itself."""
    first, second, *_ = (*result.scheme.grades, None)
    changes = {"rounding.total": 0}
    if first.has_line:
        changes[f"cutoffs.{first.id}"] = first.cutoff + 0.5
    if second is not None and first.by != "breaks":
        changes[f"grades.{first.id}.quota"] = 1
    leaves = [leaf for leaf in result.scheme.leaves if leaf.points]
    return changes | {f"points.{leaf.id}": leaf.points for leaf in leaves[:1]}


@contextlib.contextmanager
def recording():
    """Collects every section that is made within."""
    made, real = [], Section.__post_init__

    def noted(self):
        real(self)
        made.append(self)

    with mock.patch.object(Section, "__post_init__", noted):
        yield made


def given_of(result, found=None, previous=None):
    drawn = qt.simulation.simulate(
        result, qt.regions.Box(relative=BAND), draws=DRAWS, seed=SEED, pairs=False
    )
    return Given(result, drawn, found, previous)


def new_since(given):
    """Last year's assessment, or one whose scheme lacks the first indicator: what is new is told
    by it."""
    before = given.previous
    if before is None:
        ids = [leaf.id for leaf in given.result.scheme.leaves][1:] or ["other"]
        flat = qt.Scheme.flat(dict.fromkeys(ids, 1), {"A": 0})
        before = qt.assess(flat, pd.DataFrame({id: [0.5] for id in ids}))
    given.asked["new_indicators"] = before
    return before


def compared(result):
    """The comparison with the same units under other points, rounding and a smaller quota, one unit
    less."""
    first, *rest = result.scheme.grades
    places = {} if first.by == "breaks" else {"quota": 3}
    places |= {"by": "place"} if first.by == "share" else {}
    grades = (first.model_copy(update={"printed": None} | places), *rest)
    rounding = result.scheme.rounding.model_copy(update={"total": Rounding(decimals=0)})
    points = {leaf.id: p for leaf, p in zip(result.scheme.leaves, result.points[::-1], strict=True)}
    other = result.scheme.replace(points=points).model_copy(
        update={"grades": grades, "rounding": rounding}
    )
    table = result.table.take(range(min(1, len(result.scores) - 1), len(result.scores)))
    return qt.comparison.compare(result, qt.assess(other, table))


def sections(given, module):
    """The sections of all views of a module; what a view refuses is left out, and named."""
    found = []
    for view in VIEWS[module](given):
        with recording() as made:
            try:
                list(view())
            except InputError as error:
                given.refused.append(str(error))
        found += made
    return found


def tables_of(section):
    """A section's tables as frames, with a named index as a column."""
    frames = {}
    for name, rows in section.tables.items():
        frame = rows.frame if isinstance(rows, Rows) else rows
        frames[name] = frame if frame.index.name is None else frame.reset_index()
    return frames


def check_of(page):
    module, _, name = page.partition("/")
    return getattr(importlib.import_module(f"tests.report.facts.{module}"), name)


def alike(a, b):
    """Whether two facts are the same; floats to their last bits."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return type(a) is type(b) and a == b


def anew_of(section, given):
    """The facts of a section worked out anew: from its tables and what was asked, not its facts."""
    facts = check_of(section.page)(tables_of(section), given)
    return {name: plain(fact) for name, fact in facts.items()}


def check(section, given, anew=None):
    """Every fact of the section is what its tables give, and none is left unchecked."""
    anew = anew_of(section, given) if anew is None else anew
    assert anew.keys() == section.facts.keys(), (section.page, anew.keys() ^ section.facts.keys())
    for name, fact in section.facts.items():
        assert alike(fact, anew[name]), (section.page, name, fact, anew[name])


def wrong(fact):
    """Another fact of the same kind."""
    if isinstance(fact, bool):
        return not fact
    if isinstance(fact, int | float):
        return fact + 1
    if isinstance(fact, str):
        return fact + "x"
    if isinstance(fact, Text):
        return Text(fact.zh + "x", fact.en)
    if isinstance(fact, dict):
        name = next(iter(fact), "x")
        return {**fact, name: wrong(fact.get(name))}
    if isinstance(fact, list):
        return [*fact[1:], wrong(fact[0])] if fact else ["x"]
    return "x"

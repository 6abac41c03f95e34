"""All views of an assessment, run with their sections recorded; and their facts, computed anew."""

from __future__ import annotations

import contextlib
import importlib
import math
from dataclasses import dataclass, field
from unittest import mock

import numpy as np
import pandas as pd

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.language import Text
from qtoolkit.report import (
    assessment,
    comparison,
    cutoffs,
    decomposition,
    exact,
    reasons,
    rules,
    scheme,
    sensitivity,
    simulated,
    summary,
    weights,
)
from qtoolkit.report.sections import Rows, Section, plain

BAND, DRAWS, SEED = 0.1, 200, 0


@dataclass
class Given:
    """What the views are called with."""

    result: qt.Assessment
    drawn: qt.simulation.Simulation
    found: qt.comparison.Comparison | None = None
    previous: qt.Case | None = None
    band: float = BAND
    draws: int = DRAWS
    refused: list[str] = field(default_factory=list)


def views(given):
    """Each view as a call, those of a comparison where there is one."""
    result, drawn, found = given.result, given.drawn, given.found
    calls = [
        lambda: summary.summary(result, 1, given.previous),
        lambda: summary.risks(result),
        lambda: scheme.basis(result),
        lambda: scheme.units(result),
        lambda: scheme.indicators(result, given.previous),
        lambda: scheme.terms(),
        lambda: rules.rules(result),
        lambda: assessment.results(result),
        lambda: assessment.operation(result),
        lambda: assessment.details(result),
        lambda: decomposition.lists(result),
        lambda: decomposition.losses(result),
        lambda: decomposition.stages(result),
        lambda: decomposition.dependence(result),
        lambda: decomposition.gaps(result),
        lambda: decomposition.checks(result),
        lambda: cutoffs.near_misses(result, 1),
        lambda: cutoffs.moving(result),
        lambda: cutoffs.gathering(result),
        lambda: cutoffs.quotas(result),
        lambda: cutoffs.options(result, 2, 50),
        lambda: cutoffs.methods(),
        lambda: cutoffs.errors(result, 1.5, "复评抽样（模拟） | a second marking (synthetic)"),
        lambda: sensitivity.ranges(result, BAND),
        lambda: sensitivity.tolerances(result, BAND),
        lambda: sensitivity.crosscheck(result),
        lambda: sensitivity.methods(result, BAND),
        lambda: exact.rank_ranges(result, BAND, drawn),
        lambda: exact.flips(result),
        lambda: exact.transfers(result),
        lambda: exact.proofs(),
        lambda: simulated.frequencies(result, drawn),
        lambda: simulated.choices(result, None, BAND, n=16),
        lambda: simulated.rank_sets(result),
        lambda: weights.effective(result, bootstrap=5),
        lambda: weights.overlaps(result),
        lambda: weights.alternatives(result),
        lambda: weights.reach(result),
    ]
    if found is not None:
        calls += [
            lambda: comparison.transitions(found),
            lambda: reasons.reasons(found),
            lambda: comparison.parts(found),
            lambda: comparison.alone(found),
            lambda: comparison.revision(found),
            lambda: comparison.methods(found),
        ]
    return [*calls, lambda: comparison.history(qt.comparison.history_of(result))]


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


def sections(given):
    """The sections of all views, by page; what a view refuses is left out, and named."""
    found = []
    for view in views(given):
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


def check(section, given):
    """Every fact of the section is what its tables give, and none is left unchecked."""
    anew = {
        name: plain(fact)
        for name, fact in check_of(section.page)(tables_of(section), given).items()
    }
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

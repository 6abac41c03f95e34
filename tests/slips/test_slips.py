"""How many of the 120 slips of slips.yaml are caught: refused, or flagged by a sentence that
says who and what."""

from __future__ import annotations

import collections
from functools import cache

import qtoolkit as qt
from qtoolkit.inputs.numbertext import plain_name
from qtoolkit.inputs.table import read_table
from qtoolkit.runs.plan import plan
from tests.slips.applying import make, slips

LEAST = 0.95
MISSED = {"too_small": 1, "wrong_place": 1}
"""Kinds of which not every slip is caught, and how many are missed."""


sound = cache(qt.read_case)


def doubts(slip, case):
    """What the checks find in a case with a slip in it; the same as reading the case, without
    reading again what has none (of a sound case nothing is said: test_false_alarms.py)."""
    if "history" in slip:  # which only a run reads
        return plan(case).case.table.doubts
    if {"earlier", "scheme"} & set(slip):
        return qt.read_case(case).table.doubts
    whole = sound(slip["case"])
    last = whole.previous and (whole.previous.scheme, whole.previous.table)
    if slip.get("previous"):
        (path,) = (case / "previous").glob("data.*")
        last = last[0], read_table(path, last[0])
    (path,) = case.glob("data.*")
    return read_table(path, whole.scheme, last).doubts


def sentences(slip, folder):
    """What is said of a case with a slip in it."""
    try:
        return [doubt.text.zh for doubt in doubts(slip, make(slip, folder))]
    except qt.InputError as error:
        return [
            complaint.of("zh") + unit_of(complaint, folder / slip["case"])
            for complaint in error.complaints
        ]


def unit_of(complaint, case):
    """Who stands in the row that an error names: naming the row is naming the unit."""
    path = case / (complaint.file or "")
    if complaint.row is None or path.suffix != ".csv":
        return ""
    return path.read_text(encoding="utf-8-sig").split("\n")[complaint.row - 1].split(",")[0]


def is_caught(slip, folder):
    """Whether one sentence holds of each of the slip's `names` a word, or the id of the
    indicator that it names."""
    ids = {leaf.name.zh: leaf.id for leaf in sound(slip["case"]).scheme.leaves}
    wanted = [names if isinstance(names, list) else [names] for names in slip["names"]]
    wanted = [
        [plain_name(word) for name in names for word in (name, ids.get(name, name))]
        for names in wanted
    ]
    said = [plain_name(sentence) for sentence in sentences(slip, folder)]
    return any(all(any(word in one for word in words) for words in wanted) for one in said)


def test_at_least_95_of_100_slips_are_caught_and_the_kinds_missed_are_named(tmp_path):
    missed, count = collections.Counter(), 0
    for count, (kind, slip) in enumerate(slips(), 1):
        missed[kind] += not is_caught(slip, tmp_path / str(count))
    assert count == 120
    assert 1 - missed.total() / count >= LEAST
    assert {kind: n for kind, n in missed.items() if n} == MISSED

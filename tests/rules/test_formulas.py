"""The formula of a rule is its marks: LibreOffice computes each, on random numbers and at every end
and step."""

import shutil
import subprocess

import numpy as np
import openpyxl
import pytest

from qtoolkit.rules import RULES
from qtoolkit.rules.base import NOTHING_LEFT, Cells

SOFFICE = shutil.which("soffice")
needs_soffice = pytest.mark.skipif(
    SOFFICE is None, reason="needs LibreOffice (Debian: libreoffice-calc)"
)
FULL, UNITS = 20.0, 14
STEPS = [{"at": -2.5, "share": 0.1}, {"at": 0.3, "share": 0.7}, {"at": 4.0, "share": 0.55}]
WAYS = [{"direction": "higher"}, {"direction": "lower"}]
EACH_WAY = {
    "goalposts": [{"low": -3.0, "high": 4.5}, {"low": 0.1, "high": 0.30000000000000004}],
    "target": [{}, {"target": 3.3}, {"floor": 0.6}, {"target": 2.0, "floor": 0.25}],
    "base_plus": [
        {"base": 0.7, "gain": 0.1},
        {"base": 0.6, "gain": 0.05, "per": 0.3, "reference": 1.1},
        {"base": 0.7, "gain": 0.1, "below": 0.0},
        {"base": 0.7, "gain": 0.1, "below": 0.35, "reference": 0.3},
    ],
    "minmax": [{}, {"when_equal": 0.4}],
    "zscore": [{"center": 0.5, "spread": 0.2}],
    "rank": [{}, {"last": 0.6}],
}
ONE_WAY = {
    "share": [{}],
    "direct": [{}, {"out_of": 10.0}],
    "efficacy": [
        {"unacceptable": -3.0, "satisfactory": 4.0},
        {"unacceptable": 4.0, "satisfactory": -1.5, "base": 0.5},
    ],
    "deduct": [
        {"rate": 0.7},
        {"rate": 0.7, "per": 0.3, "most": 2.0},
        {"rate": 0.1, "zero_at": 3.0},
        {"rate": 0.5, "target": 1.2},
        {"rate": 0.5, "own_target": True, "zero_at": 0.5},
        {"rate": 0.5, "target": 1.2, "own_target": True, "direction": "lower", "most": 1.5},
    ],
    "level": [{"levels": {"优": 1.0, "良?": 0.75, 'a "b"': 0.333, "长" * 300: 0.1, "差": 0.0}}],
    "checklist": [{"items": [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}]}],
    "steps": [{"table": STEPS}, {"table": STEPS, "interpolate": True}, {"table": STEPS[:1]}],
}
RULES_TRIED = [
    RULES[kind].model_validate({"kind": kind, **fields, **way})
    for kind, tried in EACH_WAY.items()
    for fields in tried
    for way in WAYS
] + [
    RULES[kind].model_validate({"kind": kind, **fields})
    for kind, tried in ONE_WAY.items()
    for fields in tried
]


def test_every_rule_is_tried():
    assert {rule.kind for rule in RULES_TRIED} == set(RULES)


def numbers_for(rule, rng):
    """Values of units, among them all ends and steps, and the units' own numbers, some blank."""
    own = np.round(rng.uniform(0.5, 5, UNITS), 2)
    if rule.common is not None:
        own[::3] = np.nan
    if rule.is_of_words:
        return rng.choice(np.array(rule.choices, dtype=object), UNITS), own
    raw = np.round(rng.uniform(-6, 6, UNITS), 1)
    named = [getattr(rule, end) for end in rule.ends]
    named += [step.at for step in getattr(rule, "table", ())]
    named += [x for x in (rule.common, getattr(rule, "zero_at", None)) if x is not None]
    if rule.own is not None:
        raw[:4] = rule.compared_with(own)[:4]  # just reached
    raw[4 : 4 + len(named)] = named
    low, high = rule.limits(FULL)
    return np.clip(raw, -np.inf if low is None else low, np.inf if high is None else high), own


def rises(rule, raw):
    """The rises of the marks from one raw value to the next; 9 where the last of them is lost."""
    low, high = rule.limits(FULL)
    raw = raw[
        (raw >= (low if low is not None else -9)) & (raw <= (high if high is not None else 9))
    ]
    marks = rule.marks(raw, np.full(len(raw), 2.2), FULL)
    return np.diff(np.where(np.isinf(marks), 9.0, marks))


@pytest.mark.parametrize("rule", [r for r in RULES_TRIED if not r.is_of_words], ids=repr)
def test_what_is_called_linear_is_one_line_between_two_ends(rule):
    """A line that is cut at both ends bends in two places only, rises by the same in every cell of
    a grid but in the two that an end divides, and by half of it where cells are half as wide."""
    if rule.kind == "rank":  # an even grid has even ranks, whatever its distances
        assert not rule.is_linear()
        return
    grid = np.linspace(-7, 7, 1402)  # no end and no step lies on it
    wide, narrow = rises(rule, grid), rises(rule, np.linspace(-7, 7, 2803))
    bends = np.flatnonzero(np.abs(np.diff(wide)) > 1e-9)
    corners = 0 if len(bends) == 0 else 1 + int((np.diff(bends) > 1).sum())
    slopes = np.unique(wide[np.abs(wide) > 1e-12].round(9))
    jumps = np.abs(narrow).max() > 0.6 * np.abs(wide).max()
    assert (corners <= 2 and len(slopes) <= 3 and not jumps) == rule.is_linear()


@needs_soffice
def test_formulas_give_the_marks(tmp_path):
    rng = np.random.default_rng(7)
    given = [numbers_for(rule, rng) for rule in RULES_TRIED]
    book = openpyxl.Workbook()  # it writes formulas without values, so that none can be copied
    for rule, (raw, own) in zip(RULES_TRIED, given, strict=True):
        sheet = book.create_sheet()
        for k, (value, number) in enumerate(zip(raw.tolist(), own.tolist(), strict=True), 1):
            cells = Cells(f"A{k}", f"B{k}", f"A$1:A${UNITS + 1}", "20")
            sheet.append([value, number if number == number else None, "=" + rule.formula(cells)])
        sheet.append(["未报送"])  # a unit without a value is not counted
    book.save(tmp_path / "rules.xlsx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [SOFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir", tmp_path / "new"]
    subprocess.run(
        [*command, tmp_path / "rules.xlsx"], check=True, capture_output=True, timeout=300
    )
    book = openpyxl.load_workbook(tmp_path / "new" / "rules.xlsx", data_only=True)
    for rule, (raw, own), sheet in zip(RULES_TRIED, given, book.worksheets[1:], strict=True):
        marks = np.minimum(rule.marks(raw, own, FULL), float(NOTHING_LEFT))
        found = [float(sheet.cell(k, 3).value) for k in range(1, UNITS + 1)]
        assert found == pytest.approx(marks.tolist(), rel=1e-13, abs=1e-13), rule

"""Sentences on the choices of method, recomputed from the tables beside them and by going through
all combinations."""

import itertools
import re
from statistics import fmean, pvariance

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.changes import change
from qtoolkit.language import LANGUAGES
from qtoolkit.report.blocks import DataTable, Paragraph, payload
from qtoolkit.simulation.sobol import _design, _indices
from tests import pages


def small(rows, points=(60.0, 40.0), cutoffs=None):
    names = [f"x{j}" for j in range(len(points))]
    frame = pd.DataFrame(rows, index=[f"u{k}" for k in range(len(rows))], columns=names)
    scheme = qt.Scheme.flat(dict(zip(names, points, strict=True)), cutoffs or {"A": 80, "B": 0})
    return qt.assess(scheme, frame)


def cells(blocks, name, language):
    (table,) = [block for block in blocks if isinstance(block, DataTable) and block.name == name]
    data = payload(table, language)
    return pd.DataFrame(data["cells"], columns=data["header"])


def said(blocks, language):
    return " ".join(
        payload(block, language)["text"] for block in blocks if isinstance(block, Paragraph)
    )


def number(cell):
    return float(cell.replace("−", "-"))


def brute(result, factors):
    """{numbers of alternatives: (grades that differ, mean rank shift)} of every combination, each
    assessed by itself."""
    found = {}
    for codes in itertools.product(*(range(len(values)) for values in factors.values())):
        chosen = {key: values[i] for (key, values), i in zip(factors.items(), codes, strict=True)}
        other = qt.assess(change(result.scheme, chosen), result.table)
        found[codes] = (
            int((other.grades != result.grades).sum()),
            float((other.ranks - result.ranks).abs().mean()),
        )
    return found


def alone(found, factor, target):
    """Var(E[f | the factor]) / Var(f) by plain loops."""
    groups = {}
    for codes, values in found.items():
        groups.setdefault(codes[factor], []).append(values[target])
    means = [fmean(values) for values in groups.values() for _ in values]
    return pvariance(means) / pvariance([values[target] for values in found.values()])


TIED = [[0.85, 0.75], [0.79, 0.9], [0.4, 0.5]]


def test_all_alternatives_that_tie_are_named():
    """Base scores 81, 83.4, 44: lines of 82 and of 82.5 take one grade each, and no other
    alternative changes more."""
    result, factors = small(TIED), {"cutoffs.A": [80, 82, 82.5], "rounding.total": [None, 2]}
    found = brute(result, factors)
    means = [
        [fmean(v[0] for c, v in found.items() if c[f] == i) for i in range(n)]
        for f, n in ((0, 3), (1, 2))
    ]
    assert means == [[0, 1, 1], [pytest.approx(2 / 3)] * 2]
    blocks = pages.choices(result, factors, 0.1)
    assert "改变等级最多的做法是“A的分数线：82”、“A的分数线：82.5”（平均1.00家）" in said(
        blocks, "zh"
    )
    assert "change with “cutoff of A: 82”, “cutoff of A: 82.5” (1.00 on average)" in said(
        blocks, "en"
    )


def test_choices_that_tie_are_all_said_to_matter_most():
    """Two lines that each decide the grade of one unit in the same way."""
    result = small([[0.85, 0.75], [0.55, 0.45]], cutoffs={"A": 80, "B": 50, "C": 0})
    factors = {"cutoffs.A": [80, 82], "cutoffs.B": [50, 52]}
    found = brute(result, factors)
    assert alone(found, 0, 0) == alone(found, 1, 0) == 0.5
    text = said(pages.choices(result, factors, 0.1), "en")
    assert "matters most is cutoff of A, cutoff of B" in text


def test_what_moves_ranks_alone_is_not_said_to_have_hardly_any_effect():
    """Rounding to whole points makes 81 and 81.4 tie, which no grade sees; the line moves a grade
    and no rank."""
    result = small([[0.81, 0.81], [0.814, 0.814], [0.5, 0.5]])
    factors = {
        "rounding.total": [None, 0],
        "cutoffs.A": [80, 81.2],
        "order.veto": ["before_quota", "after_quota"],
    }
    result = qt.assess(change(result.scheme, {"rank_on": "published"}), result.table)
    found = brute(result, factors)
    assert (
        alone(found, 0, 1) == 1
        and alone(found, 1, 1) == 0
        and alone(found, 2, 0) == alone(found, 2, 1) == 0
    )
    text = said(pages.choices(result, factors, 0.1), "en")
    hardly = text.partition("as hardly any effect: ")[2]
    assert hardly.startswith("on computed grades and on ranks: veto before or after quota")
    assert (
        "on ranks, while computed grades move: cutoff of A" in hardly
        and "rounding of the total" not in hardly
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_sentence_has_the_sums_of_the_table(seed):
    """Exact shares by plain loops; the sum in the table, in the sentence, and of the column as it
    is printed."""
    rng = np.random.default_rng(seed)
    result = small(np.round(rng.random((8, 2)), 2), cutoffs={"A": 60, "B": 40, "C": 0})
    factors = {
        "cutoffs.A": [57, 60, 63],
        "rounding.total": [None, 0],
        "aggregation": ["arithmetic", "geometric"],
    }
    found = brute(result, factors)
    blocks = pages.choices(result, factors, 0.1)
    for language in LANGUAGES:
        table = cells(blocks, "choices", language)
        for place, (column, name) in enumerate(
            ((1, ("初评等级", "computed grades")), (3, ("位次", "ranks")))
        ):
            values = [values[place] for values in found.values()]
            if pvariance(values) == 0:
                continue
            truth = sum(alone(found, factor, place) for factor in range(3))
            printed = table.iloc[:, column].map(number)
            assert printed.iloc[-1] == pytest.approx(truth, abs=0.0051)
            assert printed.iloc[:-1].sum() == pytest.approx(printed.iloc[-1], abs=0.02)
            shown = re.search(
                rf"{name[language == 'en']} ?(−?\d\.\d\d)[ （(]", said(blocks, language)
            )
            assert number(shown[1]) == printed.iloc[-1]


def test_no_interaction_is_claimed_where_there_is_none():
    """One choice alone explains everything: 1.00, and no rest that would be interaction; by hand of
    one that does act."""
    result = small(TIED)
    only = said(
        pages.choices(
            result, {"cutoffs.A": [80, 82], "order.veto": ["before_quota", "after_quota"]}, 0.1
        ),
        "en",
    )
    assert "computed grades 1.00 (there is no interaction)" in only and "the rest" not in only
    both = {"cutoffs.A": [80.5, 81.2], "rounding.total": [None, 0]}
    found = brute(small([[0.81, 0.818], [0.2, 0.3]], (50.0, 50.0)), both)
    assert sum(alone(found, i, 0) for i in range(2)) < 1
    text = said(pages.choices(small([[0.81, 0.818], [0.2, 0.3]], (50.0, 50.0)), both, 0.1), "en")
    assert "the rest is interaction" in text


def test_a_rest_within_the_error_of_drawing_is_no_interaction():
    """f = x1 + x2 + x3 explains itself one by one (Σ S = 1); Ishigami's function leaves .2437
    (Saltelli et al. 2010)."""
    n = 2**12
    x = _design(3, n, seed=2)
    low, high = _indices(x.sum(axis=1).reshape(5, n), 500, seed=1)["alone"]
    assert low <= 1 <= high and high - low < 0.2
    y = np.pi * (2 * x - 1)
    f = np.sin(y[:, 0]) + 7 * np.sin(y[:, 1]) ** 2 + 0.1 * y[:, 2] ** 4 * np.sin(y[:, 0])
    low, high = _indices(f.reshape(5, n), 500, seed=1)["alone"]
    assert low <= 0.3139 + 0.4424 <= high < 1


def test_an_indicator_is_called_by_its_name_whatever_its_id():
    """`rank` is also a rule, `total` also the whole score."""
    frame = pd.DataFrame({"rank": [0.9, 0.7], "total": [0.5, 0.8]}, index=["u0", "u1"])
    result = qt.assess(qt.Scheme.flat({"rank": 60, "total": 40}, {"A": 70, "B": 0}), frame)
    factors = {
        "drop": [None, "rank"],
        "rule.total": ["scheme", "minmax"],
        "aggregation.total": ["arithmetic", "geometric"],
    }
    table = cells(pages.choices(result, factors, 0.1), "alternatives", "en")
    assert table.iloc[:, :2].to_numpy().tolist() == [
        ["leaving an indicator out", "none"],
        ["leaving an indicator out", "rank"],
        ["scoring rule (total)", "as in the scheme"],
        ["scoring rule (total)", "min–max"],
        ["aggregation (total)", "arithmetic mean"],
        ["aggregation (total)", "geometric mean"],
    ]


def test_quotas_are_named_and_move_what_they_move():
    """Base scores 81, 83.4, 44: one place takes the A of 81, a third of the units is one place."""
    factors = {"grades.A.quota": [None, 1, 1 / 3, 0.25, "scheme"], "rounding.total": [None, 0]}
    result = small(TIED)
    found = brute(result, factors)
    assert [found[i, 0][0] for i in range(5)] == [0, 1, 1, 2, 0]
    blocks = pages.choices(result, factors, 0.1)
    for language, choice, ways in (
        ("zh", "A的名额", ["不限", "1家", "33.33333333%", "25%", "按方案"]),
        ("en", "quota of A", ["none", "1", "33.33333333%", "25%", "as in the scheme"]),
    ):
        table = cells(blocks, "alternatives", language)
        assert table.iloc[:5, :2].to_numpy().tolist() == [[choice, way] for way in ways]
        assert choice in said(blocks, language)


def test_no_share_is_said_where_too_few_samples_are_possible():
    """A line of 55 cannot stand above one of 60 or 70: of 2 samples one is without such a pair,
    and from one there is no variance."""
    result = small(TIED, cutoffs={"A": 80, "B": 50, "C": 0})
    factors = {
        "cutoffs.A": [82, 55],
        "cutoffs.B": [45, 60, 70],
        "rounding.total": [None, 0],
        "order.veto": ["before_quota", "after_quota"],
    }
    found = qt.simulation.sobol(result, factors, n=2)
    assert found.moves and found.over == 1 and found.table["total"].isna().all()
    blocks = pages.choices(result, factors, 0.1, n=2)
    text = said(blocks, "en")
    assert "with 4 choices varied together 0.7 computed grades differ" in text
    assert "over the 1 samples without any" in text
    assert "matters most" not in text and "hardly any effect" not in text
    assert set(cells(blocks, "choices", "en").iloc[:, 1]) == {"—"}


@pytest.mark.parametrize("name", ["provinces-2008", "tai-2001", "city-2026"])
def test_sentences_on_choices_are_those_of_their_tables(name):
    case = qt.read_case(name)
    blocks = pages.choices(qt.assess(case.scheme, case.table), None, 0.1, n=16)
    for language in LANGUAGES:
        text, table = said(blocks, language), cells(blocks, "choices", language)
        assert "−0.00" not in table.to_numpy()
        rows = table.iloc[:-1].set_index(table.columns[0])
        total = rows.iloc[:, 1].map(number)
        pattern = {
            "zh": r"影响最大的是(.*?)（总影响(.*?)，",
            "en": r"matters most is (.*?) \(a total effect, .*? of (.*?) of",
        }
        first, value = re.search(pattern[language], text).groups()
        assert number(value) == total.max() == total[first]
        moves = cells(blocks, "alternatives", language)
        grades = moves.iloc[:, 2].map(lambda cell: np.nan if cell == "—" else float(cell))
        pattern = {
            "zh": r"最多的做法是(.*?)（平均(.*?)家",
            "en": r"grades change with (.*?) \((.*?) on average",
        }
        named, mean = re.search(pattern[language], text).groups()
        assert float(mean) == grades.max()
        shown = [
            f"“{a}{'：' if language == 'zh' else ': '}{b}”"
            for a, b in moves.loc[grades == grades.max()].iloc[:, :2].to_numpy()
        ]
        assert named in shown or all(piece in named for piece in shown)
        for end, column in (
            ("初评等级" if language == "zh" else "computed grades", 1),
            ("位次" if language == "zh" else "ranks", 4),
        ):
            printed = re.search(rf"{end} ?(−?\d\.\d\d)[ （(]", text)
            assert number(printed[1]) == number(table.iloc[-1, column])


def test_nothing_is_claimed_where_every_combination_is_impossible():
    """The cutoff of A stays below that of B, whatever is chosen."""
    result = small([[0.9, 0.5], [0.4, 0.8]], cutoffs={"A": 80, "B": 60, "C": 0})
    factors = {"cutoffs.A": [65.0, 70.0], "cutoffs.B": [72.0, 75.0]}
    blocks = pages.choices(result, factors, 0.1, n=4)
    assert "不能判断" in said(blocks, "zh") and "is not known" in said(blocks, "en")
    assert "不变" not in said(blocks, "zh") and "changes" not in said(blocks, "en")
    assert not [block for block in blocks if isinstance(block, DataTable)]

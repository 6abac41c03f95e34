"""Most, least, largest, first: each such sentence recomputed from the tables beside it by plain
loops, with all that tie, over the shipped cases in both languages and random schemes, on the views
alone."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.language import LANGUAGES
from qtoolkit.regions import Box
from qtoolkit.report import (
    assessment,
    comparison,
    exact,
    reasons,
    sensitivity,
)
from qtoolkit.robustness import NEW
from tests import pages
from tests.examples import ALL
from tests.report.facts import recorded
from tests.sentences import number, one, read, results, sentences, tables

CASES = ["provinces-2008", "tai-2001", "city-2026"]
EXAMPLES = settings(settings.get_profile("quick"), max_examples=300 if ALL else 3)
SEEDS = 300 if ALL else 4
SAME = 1e-9


@pytest.fixture(scope="module", params=CASES)
def shipped(request):
    return read(request.param)


def ends(values, largest):
    """Places of the largest (smallest) of some numbers and of all that tie, by plain comparison;
    None counts as no number."""
    values = [float(v) if isinstance(v, int | float) else float("nan") for v in values]
    known = [v for v in values if v == v]
    if not known:
        return []
    end = max(known) if largest else min(known)
    return [i for i, v in enumerate(values) if v == end or abs(v - end) <= SAME * max(abs(end), 1)]


def joined(items, language, most, of=("家", "")):
    """Names as a sentence lists them: beyond `most` the rest is counted."""
    text = ("、" if language == "zh" else ", ").join(items[:most])
    if len(items) <= most:
        return text
    return (
        f"{text}等{len(items)}{of[0]}"
        if language == "zh"
        else f"{text} and so on ({len(items)} in all)"
    )


def plain(share):
    """A share in per cent with one decimal, as tables print it."""
    return f"{round(100 * share, 9) + 0.0:.1f}%".replace("-", "−")


# Scores, losses, stages ---------------------------------------------------------------------------


def check_highest_and_lowest(result):
    blocks = [*pages.summary(result, None), *assessment.results(result)]
    pattern = {
        "zh": r"得分最高的是(.*)（(\S+)分），最低的是(.*)（(\S+)分）",
        "en": r"highest score is that of (.*) \((\S+)\), the lowest that of (.*) \((\S+)\)",
    }
    for language in LANGUAGES:
        top, high, bottom, low = one(sentences(blocks, language)[:1], pattern[language]).groups()
        printed = tables(blocks, language)["scores"]
        score = printed["得分" if language == "zh" else "Score"].map(number)
        assert (number(high), number(low)) == (score.max(), score.min())
        labels = [result.labels[unit].of(language) for unit in result.scores.index]
        for said, largest in ((top, True), (bottom, False)):
            assert said == joined([labels[i] for i in ends(result.scores, largest)], language, 3)


LOST = {
    "area": ("领域", "area"),
    "aspect": ("方面", "aspect"),
    "lead": ("考核牵头部门", "department that scores"),
    "responsible": ("责任单位", "department responsible"),
}


def check_where_most_is_lost(result):
    blocks = pages.losses(result)
    for language in LANGUAGES:
        texts = " ".join(sentences(blocks, language))
        for by, names in LOST.items():
            table = tables(blocks, language, "data").get(f"lost_by_{by}")
            lead = f"按{names[0]}看是" if language == "zh" else f"by {names[1]}: "
            if table is not None:
                table = table[table.iloc[:, 2] > 0]  # points to lose
            assert (lead in texts) == (table is not None and len(table) > 0)
            if table is None or table.empty:
                continue
            form = (
                "{}（{:.2f}分，占{:.1%}）"
                if language == "zh"
                else "{} ({:.2f}, {:.1%} of its points)"
            )
            name, _, _, lost, share = table.columns
            second = sorted(table[lost], reverse=True)[: min(2, len(table))][-1]
            most = [row for row in table.to_dict("records") if row[lost] >= second - SAME]
            most.sort(key=lambda row: -round(row[lost], 9))
            said = [form.format(row[name], row[lost] + 0.0, row[share]) for row in most]
            assert lead + ("、" if language == "zh" else ", ").join(said) in texts


def check_stages(result):
    blocks = pages.stages(result)
    pattern = {
        "zh": r"最低的是(.*)（(\S+%)），最高的是(.*)（(\S+%)）",
        "en": r"Of the stages (.*) marks? lowest on average \((\S+%)\) and (.*) highest \((\S+%)\)",
    }
    for language in LANGUAGES:
        table = tables(blocks, language, "data").get("stages")
        marks = (
            []
            if table is None
            else table[table.iloc[:, 1].isin(["按权重计入", "weighted in"])].dropna(
                subset=table.columns[4]
            )
        )
        texts = [
            text
            for text in sentences(blocks, language)
            if "最低的是" in text or "Of the stages" in text
        ]
        assert len(texts) == (len(marks) > 1 and np.ptp(list(marks.iloc[:, 4])) > SAME)
        for text in texts:
            low, least, high, most = one([text], pattern[language]).groups()
            for said, value, largest in ((low, least, False), (high, most, True)):
                rows = marks.iloc[ends(marks.iloc[:, 4], largest)]
                assert said == joined(list(rows.iloc[:, 0]), language, 99) and value == plain(
                    rows.iloc[0, 4]
                )


def check_verification(result):
    blocks = [*pages.stages(result), *pages.checks(result)]
    for language in LANGUAGES:
        table = tables(blocks, language, "data").get("verification")
        if table is None:
            continue
        by_unit = table.groupby(table.columns[0], sort=False)[table.columns[-1]].agg(
            lambda changes: round(sum(x for x in changes if x == x and x is not None), 9)
        )  # what is no longer scored has no change
        text = next(
            t
            for t in sentences(blocks, language)
            if t.startswith(("核查改动", "Verification changed"))
        )
        numbers = [int(n) for n in re.findall(r"\d+", text)[:4]]
        assert numbers == [len(table), len(by_unit), (by_unit < 0).sum(), (by_unit > 0).sum()]
        pattern = {
            "zh": r"降幅最大的是(.*)，(\S+)分。$",
            "en": r"the largest loss is (\S+) points \((.*)\)\.$",
        }
        assert (re.search(pattern[language], text) is not None) == (by_unit.min() < 0)
        if by_unit.min() < 0:
            names, value = sorted(
                one([text], pattern[language]).groups(), key=lambda x: "−" in x and x[-1].isdigit()
            )
            assert number(value) == pytest.approx(by_unit.min(), abs=0.0051)
            assert names == joined([by_unit.index[i] for i in ends(by_unit, False)], language, 99)


def check_gaps(result):
    """The first loss that is named is the largest of the row: points less what the table of scores
    in detail shows."""
    blocks = [*pages.gaps(result), *assessment.details(result)]
    for language in LANGUAGES:
        scored, gaps = (
            tables(blocks, language, "data")["details"],
            tables(blocks, language, "data")["gaps"],
        )
        title = "失分最多的指标" if language == "zh" else "Largest losses"
        for (_, row), said in zip(scored.iterrows(), gaps[title], strict=True):
            lost = [
                p - float(x)
                for p, x in zip(result.points, row.iloc[1:-2], strict=True)
                if x is not None and x == x
            ]
            if not [x for x in lost if x > 1e-6]:
                assert said in ("无", "none")
                continue
            first = re.findall(r"\d+\.\d\d", said)[0]
            assert float(first) == pytest.approx(max(lost), abs=0.0051)


def check_dependence(result):
    try:
        blocks = pages.dependence(result)
    except InputError:  # without one unit there are too few values to treat an outlier
        return
    for language in LANGUAGES:
        texts = [
            text
            for text in sentences(blocks, language)
            if "得分变动最多" in text or "moves by at most" in text
        ]
        if not texts:
            continue
        (said,) = re.findall(
            r"得分变动最多(\S+)分" if language == "zh" else r"moves by at most (\S+) points",
            texts[0],
        )
        moved = [
            max(
                [
                    abs(a - b)
                    for a, b in zip(
                        result.without(unit).scores, result.scores.drop(unit), strict=True
                    )
                ],
                default=0.0,
            )
            for unit in result.scores.index
        ]
        assert float(said) == pytest.approx(max(moved), abs=0.0051)
        table = tables(blocks, language, "data").get("drop_unit")
        assert table is None or table.iloc[:, -1].max() <= max(moved) + SAME


# Robustness ---------------------------------------------------------------------------------------


def check_crosscheck(result):
    blocks = pages.crosscheck(result)
    for language in LANGUAGES:
        table = tables(blocks, language, "data")["crosscheck"]
        pattern = {
            "zh": r"位次相差最多的是(.*)，相差(\d+)位",
            "en": r"the largest difference is (\d+) places? \((.*)\)\. They",
        }
        text = sentences(blocks, language)[0]
        if not re.search(pattern[language], text):
            continue
        groups = re.search(pattern[language], text).groups()
        names, most = groups if language == "zh" else groups[::-1]
        moves = [max(abs(x - row.iloc[1]) for x in row.iloc[2:-1]) for _, row in table.iterrows()]
        assert int(most) == max(moves)
        assert names == joined([table.iloc[i, 0] for i in ends(moves, True)], language, 99)


def check_rank_ranges(result):
    drawn = qt.simulation.simulate(result, Box(relative=0.1), draws=64, pairs=False)
    blocks = pages.rank_ranges(result, 0.1, drawn)
    for language in LANGUAGES:
        table, text = (
            tables(blocks, language, "data")["rank_ranges"],
            sentences(blocks, language)[0],
        )
        unit, _, best, worst = table.columns[:4]
        spans = list(table[worst] - table[best])
        assert int(
            re.search(r"(\d+)家位次不变" if language == "zh" else r"(\d+) units? keeps?", text)[1]
        ) == spans.count(0)
        form = "{}（第{}位至第{}位）" if language == "zh" else "{} (rank {} to {})"
        said = [form.format(*table.loc[i, [unit, best, worst]]) for i in ends(spans, True)]
        lead = "；位次变动余地最大的是" if language == "zh" else "; the widest range is that of "
        assert (lead in text) == (max(spans) > 0)
        if max(spans):
            assert (
                lead + joined(said, language, 8, ("项", "")) + ("。" if language == "zh" else ". ")
                in text
            )


def check_cheapest_flips(result):
    blocks = pages.flips(result)
    raw = qt.robustness.cheapest_flip(result).table["points_moved"]
    for language in LANGUAGES:
        table, text = (
            tables(blocks, language, "data")["cheapest_flips"],
            sentences(blocks, language)[0],
        )
        unit, _, towards, points, *_, recipe = table.columns
        known = table[pd.to_numeric(table[points], errors="coerce").notna()]
        assert ("最薄弱之处" in text or "weakest spot" in text) == bool(len(known))
        if not len(known):
            continue
        assert list(known[points]) == sorted(known[points])
        values = [float(raw[u]) for u in raw.index if np.isfinite(raw[u])]
        weakest = [
            result.labels[u].of(language)
            for u in raw.index
            if np.isfinite(raw[u]) and raw[u] <= min(values) + SAME
        ]
        rows = known[known[unit].isin(weakest)]
        assert len(rows) == len(weakest)
        on_line = [
            row
            for _, row in rows.iterrows()
            if row[recipe].startswith(("正好在", "on the cutoff", "stands"))
        ]
        for row in on_line or [row for _, row in rows.head(3).iterrows()]:
            assert row[unit] in text and str(row[towards]) in text
            assert on_line or row[recipe] in text
        (few,) = re.findall(
            r"调整不足1分即有初评等级改变的有(\d+)家"
            if language == "zh"
            else r"enough for (\d+) unit",
            text,
        )
        assert int(few) == sum(value < 1 - SAME for value in values)


def check_first_transfer(result):
    blocks = pages.transfers(result)
    found = qt.robustness.transfer_map(result)
    new = (result.table.status == NEW).all(axis=0)
    leaves = [leaf for leaf, none in zip(result.scheme.leaves, new, strict=True) if not none]
    pairs = [
        (a, b, float(found.table.loc[a.id, b.id])) for a in leaves for b in leaves if a is not b
    ]
    pairs = [pair for pair in pairs if np.isfinite(pair[2])]
    for language in LANGUAGES:
        texts = [
            t
            for t in sentences(blocks, language)
            if t.startswith(("两项指标之间转移分值，", "Of all transfers"))
        ]
        texts = [t for t in texts if "未发现" not in t]
        assert len(texts) == bool(pairs)
        if not pairs:
            continue
        form = "从“{}”转到“{}”（{}）" if language == "zh" else "from “{}” to “{}” ({})"
        first = [pairs[i] for i in ends([pair[2] for pair in pairs], False)]
        said = [
            form.format(
                a.name.of(language),
                b.name.of(language),
                result.labels[found.unit.loc[a.id, b.id]].of(language),
            )
            for a, b, _ in first
        ]
        named = sum(item in texts[0] for item in said)
        assert named == min(len(set(said)), 3), (said, texts)
        assert (f"等{len(said)}项" in texts[0] or f"({len(said)} in all)" in texts[0]) == (
            len(said) > 3
        )


def check_most_sensitive(result):
    blocks = pages.transfers(result)
    new = {
        leaf.name.zh
        for leaf, column in zip(result.scheme.leaves, (result.table.status == NEW).T, strict=True)
        if column.all()
    }
    chinese = tables(blocks, "zh", "data")["stability_intervals"]
    for language in LANGUAGES:
        table = tables(blocks, language, "data")["stability_intervals"]
        leaf, points, low, who_low, high, who_high, status = table.columns
        reach = []
        for i, row in table.iterrows():
            sides = [row[points] - row[low]] if isinstance(row[who_low], str) else []
            sides += [row[high] - row[points]] if isinstance(row[who_high], str) else []
            out = row[status] in ("无法单独调整", "cannot move alone") or chinese.iloc[i, 0] in new
            reach.append(None if out or not sides else min(float(x) for x in sides))
        texts = [
            t for t in sentences(blocks, language) if "最敏感的是" in t or "most sensitive:" in t
        ]
        first = ends(reach, False)
        assert len(texts) <= bool(first)
        for text in texts:
            said = text.partition("最敏感的是" if language == "zh" else "most sensitive: ")[2]
            names = [f"“{table.loc[i, leaf]}”{'（' if language == 'zh' else ' ('}" for i in first]
            assert all(name in said for name in names[:3]) and said.startswith(names[0])
            assert (
                len(re.findall("分之间（不含|正好在分数线上", said)) == min(len(first), 3)
                or language == "en"
            )


# Cutoffs ------------------------------------------------------------------------------------------


def check_first_as_all_cutoffs_move(result):
    blocks = pages.moving(result)
    for language in LANGUAGES:
        table, text = (
            tables(blocks, language, "data").get("cutoff_flips"),
            sentences(blocks, language)[0],
        )
        if table is None:
            continue
        line, _, shift, *_ = table.columns
        unit, before, after = (
            table.columns[-3]
            if "类别" not in table and "Class" not in table
            else table.columns[-4],
            *table.columns[-2:],
        )
        whole = table[table[line].isin(["各分数线同时移动（分）", "All cutoffs together (points)"])]
        rows = [
            (0.0 if isinstance(row[shift], str) else float(row[shift]), row)
            for _, row in whole.iterrows()
        ]
        for up in (True, False):
            own = [(x, row) for x, row in rows if (x >= 0) == up]
            if not own:
                assert (
                    "上移都没有变化" if up else "下移都没有变化"
                ) in text or f"{'up' if up else 'down'}, nothing changes" in text
                continue
            first = [own[i] for i in ends([abs(x) for x, _ in own], False)]
            form = "{}由{}变为{}" if language == "zh" else "{} from {} to {}"
            moves = [form.format(row[unit], row[before], row[after]) for _, row in first]
            assert all(move in text for move in moves), (moves, text)


def check_near_misses(result):
    blocks = pages.near_misses(result)
    for language in LANGUAGES:
        table = tables(blocks, language, "data").get("near_misses", pd.DataFrame())
        text = sentences(blocks, language)[0]
        count = re.search(
            r"临界单位有(\d+)家" if language == "zh" else r"computed grade of (\d+) units? would",
            text,
        )[1]
        assert int(count) == len(table)
        if len(table):
            title = "相差分数" if language == "zh" else "Points away"
            away = [0.0 if isinstance(x, str) else x for x in table[title]]
            assert all(b >= a - SAME for a, b in itertools.pairwise(away))


def check_natural_breaks(result):
    """The groups that are printed have the least spread of all ways to cut the ordered scores."""
    scores, k = sorted(result.scores, reverse=True), len(result.scheme.grades)
    texts = [t for t in sentences(pages.gathering(result), "zh") if "自然断点法" in t]
    assert len(texts) == (1 < k <= len(set(result.scores)))
    if not texts:
        return
    sizes = [int(n) for n in re.search(r"各组依次(.*)家。", texts[0])[1].split("、")]

    def spread(groups):
        at, whole = 0, 0.0
        for size in groups:
            own = scores[at : at + size]
            whole += sum((x - sum(own) / size) ** 2 for x in own)
            at += size
        return whole

    cuts = itertools.combinations(range(1, len(scores)), k - 1)
    least = min(
        spread([b - a for a, b in itertools.pairwise((0, *cut, len(scores)))]) for cut in cuts
    )
    assert sum(sizes) == len(scores) and spread(sizes) == pytest.approx(least, abs=1e-6)


CHECKS = [
    check_highest_and_lowest,
    check_where_most_is_lost,
    check_stages,
    check_verification,
    check_gaps,
    check_dependence,
    check_crosscheck,
    check_rank_ranges,
    check_cheapest_flips,
    check_first_transfer,
    check_most_sensitive,
    check_first_as_all_cutoffs_move,
    check_near_misses,
    check_natural_breaks,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__[6:])
def test_superlatives_of_the_cases_are_those_of_their_tables(check, shipped):
    check(shipped)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__[6:])
@EXAMPLES
@given(results())
def test_superlatives_of_random_schemes_are_those_of_their_tables(check, result):
    check(result)


# Importance and weightings: of 15 units and more --------------------------------------------------


def many_units(seed):
    """Coarse shares of 16 to 24 units on 2 to 5 indicators, some of them alike, so that ties are
    frequent."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(16, 25)), int(rng.integers(2, 6))
    shares = np.round(rng.random((n, d)) * 4) / 4
    if seed % 3 == 0:
        shares[:, 1] = 1 - shares[:, 0]
    points = [100 / d] * d if seed % 2 else list(100 * rng.dirichlet(np.ones(d)))
    names = [f"x{j}" for j in range(d)]
    scheme = qt.Scheme.flat(dict(zip(names, points, strict=True)), {"A": 70, "B": 40, "C": 0})
    return qt.assess(scheme, pd.DataFrame(shares, index=[f"u{k}" for k in range(n)], columns=names))


def check_importance(result):
    blocks = pages.effective(result, bootstrap=5)
    for language in LANGUAGES:
        table = tables(blocks, language, "data").get("importance")
        if table is None:
            continue
        name, _, nominal, share = table.columns[:4]
        gap = [
            None if b is None or b != b else b - a
            for a, b in zip(table[nominal], table[share], strict=True)
        ]
        known = [x for x in gap if x is not None]
        text = sentences(blocks, language)[0]
        assert ("相同" in text or "is that of its points" in text) == (max(map(abs, known)) <= SAME)
        if max(map(abs, known)) <= SAME:
            continue
        form = (
            "“{}”（分值占{}，影响占{}）"
            if language == "zh"
            else "“{}” ({} of the points, {} of the effect)"
        )
        for lead, largest in (
            (("超出分值比重最多的是", True), ("不及最多的是", False))
            if language == "zh"
            else (("most beyond its points: ", True), ("falls short most: ", False))
        ):
            items = [
                form.format(
                    table.loc[i, name], plain(table.loc[i, nominal]), plain(table.loc[i, share])
                )
                for i in ends(gap, largest)
            ]
            assert lead + joined(items, language, 6, ("项", "")) in text


def check_few_units(result):
    """“As few as”: the least number of units that any indicator with an importance has."""
    blocks = pages.effective(result, bootstrap=5)
    table = tables(blocks, "en", "data").get("importance")
    texts = [t for t in sentences(blocks, "en") if "from as few as" in t]
    if table is not None and texts:
        held = [result.matrix[leaf.id].notna().sum() for leaf in result.scheme.leaves]
        counted = [
            n for n, x in zip(held, table["Importance"], strict=True) if x is not None and x == x
        ]
        assert int(re.search(r"as few as (\d+)", texts[0])[1]) == min(counted) < 40


def check_opposition(result):
    """The strongest negative correlation within a node, by the formula over units that have
    both."""
    blocks = pages.overlaps(result)
    parent = {child.id: node.id for node in result.scheme.nodes for child in node.children}
    found = []
    for a, b in itertools.combinations(result.scheme.leaves, 2):
        x, y = (result.matrix[leaf.id].to_numpy() for leaf in (a, b))
        both = ~np.isnan(x) & ~np.isnan(y)
        u, v = (z[both] - z[both].mean() if both.any() else z[both] for z in (x, y))
        if (
            both.sum() >= 15
            and min(np.ptp(x[~np.isnan(x)]), np.ptp(y[~np.isnan(y)])) > 0
            and parent.get(a.id) == parent.get(b.id)
        ):
            norm = np.sqrt((u**2).sum() * (v**2).sum())
            if norm > 0 and (u * v).sum() / norm < -SAME:
                found.append((a, b, (u * v).sum() / norm))
    for language in LANGUAGES:
        (text,) = sentences(blocks, language)[:1] or [""]
        if not text:
            continue
        n = int(
            re.search(r"负相关的有(\d+)对" if language == "zh" else r"one node: (\d+) pair", text)[
                1
            ]
        )
        assert n == len(found) and (("最强的是" in text) or ("the strongest" in text)) == bool(
            found
        )
        if found:
            form = "“{}”与“{}”（{:.2f}）" if language == "zh" else "“{}” and “{}” ({:.2f})"
            first = [found[i] for i in ends([r for *_, r in found], False)][:6]
            said = [
                form.format(a.name.of(language), b.name.of(language), round(r, 9))
                .replace("(-", "(−")
                .replace("（-", "（−")
                for a, b, r in first
            ]
            assert text.partition("最强的是" if language == "zh" else "the strongest: ")[
                2
            ].startswith(joined(said, language, 99))


def check_weightings(result):
    blocks = pages.alternatives(result)
    for language in LANGUAGES:
        table = tables(blocks, language, "data").get("weightings")
        if table is None:
            continue
        changed, text = list(table.iloc[:, -2]), sentences(blocks, language)[0]
        low, high = min(changed), max(changed)
        most = joined([table.iloc[i, 0] for i in ends(changed, True)], language, 99)
        if low == high:
            assert f"均为{low}家" in text or f"{low} each" in text
        else:
            assert (f"{low}至{high}家，最多的是{most}。" in text) or (
                f"{low} to {high}, most of all by {most}. " in text
            )


def check_facts_of_weights(result):
    asked = recorded.Given(result, None)
    for section in recorded.sections(asked, "weights"):
        recorded.check(section, asked)
    assert not asked.refused


BY_MANY = [
    check_importance,
    check_few_units,
    check_opposition,
    check_weightings,
    check_crosscheck,
    check_highest_and_lowest,
]


@pytest.mark.parametrize("check", BY_MANY, ids=lambda check: check.__name__[6:])
def test_importance_of_the_cases_is_that_of_its_tables(check, shipped):
    check(shipped)


@pytest.mark.parametrize(
    "check", [*BY_MANY, check_facts_of_weights], ids=lambda check: check.__name__[6:]
)
def test_importance_of_random_data_is_that_of_its_tables(check):
    for seed in range(SEEDS):
        check(many_units(seed))


# Cutoffs that could be chosen, and what changed since last year -----------------------------------


@pytest.mark.parametrize("name", CASES)
def test_fewest_expected_changes_are_those_of_the_table(name):
    blocks = pages.options(read(name), None, 16)
    for language in LANGUAGES:
        table, text = (
            tables(blocks, language, "data")["cutoff_options"],
            sentences(blocks, language)[0],
        )
        now, best = table[
            next(
                c
                for c in table
                if c in ("初评等级预计变动家数", "Computed grades expected to change")
            )
        ]
        assert best <= now + SAME
        same_ = list(table.iloc[0, 1:]) == list(table.iloc[1, 1:])
        assert (f"{now:.2f}" in text) and (same_ or f"{best:.2f}" in text)
        assert ("最少" in text or "already leave the fewest" in text) == same_


@pytest.fixture(scope="module")
def since_last_year():
    case = qt.read_case("city-2026")
    return qt.comparison.with_last_year(case, qt.assess(case.scheme, case.table))


def other_points(result):
    """The same data under points that go the other way round."""
    points = {leaf.id: p for leaf, p in zip(result.scheme.leaves, result.points[::-1], strict=True)}
    return qt.comparison.compare(
        result, qt.assess(result.scheme.replace(points=points), result.table)
    )


def check_movers(found):
    for language in LANGUAGES:
        table = tables(comparison.transitions(found), language, "data")["movers"]
        moves = [abs(x) for x in table.iloc[:, 3]]
        assert moves == sorted(moves, reverse=True)
        assert list(table.iloc[:, 3]) == list(table.iloc[:, 1] - table.iloc[:, 2])


def check_reasons(found):
    """The changes that are called the largest are: no indicator that is left out moved the unit's
    score further that way."""
    for language in LANGUAGES:
        pattern = r"变化最大的是(.*?)）" if language == "zh" else r"\(most on (.*?)\)"
        for unit in found.leaves.index:
            label = found.after.labels[unit].of(language)
            for text in sentences(reasons.reasons(found), language):
                if not text.startswith((f"{label}：", f"{label}: ")) or not re.search(
                    pattern, text
                ):
                    continue
                said = [
                    number(x)
                    for x in re.findall(r"” ?([+−]\d+\.\d\d)", re.search(pattern, text)[1])
                ]
                sign = 1 if said[0] > 0 else -1
                moved = sorted(
                    (sign * float(x) for x in found.leaves.loc[unit].dropna()), reverse=True
                )
                assert [sign * x for x in said] == [
                    pytest.approx(x, abs=0.0051) for x in moved[: len(said)]
                ]


def test_changes_since_last_year_are_in_the_order_of_their_size(since_last_year, shipped):
    for found in (since_last_year, other_points(shipped)):
        check_movers(found)
        check_reasons(found)


@EXAMPLES
@given(results(approval=False))
def test_moves_in_random_schemes_are_in_the_order_of_their_size(result):
    found = other_points(result)
    check_movers(found)
    check_reasons(found)


def test_a_page_leaves_what_it_is_given_as_it_was():
    """A notebook goes on with the tables that it has computed."""
    frame = pd.DataFrame({"a": [0.9, 0.8, 0.4], "b": [0.5, 0.7, 0.6]}, index=["甲", "乙", "丙"])
    result = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 72, "B": 0}), frame)
    region = Box(relative=0.1)
    drawn = qt.simulation.simulate(result, region, 100, pairs=False)
    ranges = qt.robustness.score_range(result, region)
    ranks = qt.robustness.rank_range(result, region)
    tolerance, flips = qt.robustness.tolerance(result), qt.robustness.cheapest_flip(result)
    given = [each.table.copy() for each in (ranges, ranks, tolerance, flips)]
    list(sensitivity.ranges(result, ranges, region))
    list(exact.rank_ranges(result, ranks, drawn))
    list(sensitivity.tolerances(result, tolerance, 0.1))
    list(exact.flips(result, flips, flips))
    for before, after in zip(given, (ranges, ranks, tolerance, flips), strict=True):
        pd.testing.assert_frame_equal(before, after.table)

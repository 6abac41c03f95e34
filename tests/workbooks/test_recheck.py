"""The recheck workbook: what LibreOffice computes from its formulas is what the engine says, to the
last digit."""

import copy
import itertools
import math
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import VALUE
from qtoolkit.language import LANGUAGES
from qtoolkit.models import validate
from qtoolkit.workbooks.recheck import write_recheck
from tests.examples import ALL, share
from tests.strategies import KINDS, frame_of, givens, scheme_of

SOFFICE = shutil.which("soffice")
needs_soffice = pytest.mark.skipif(
    SOFFICE is None, reason="needs LibreOffice (Debian: libreoffice-calc)"
)
SHEETS = {"zh": ("分值", "逐级得分", "总分定级"), "en": ("Points", "Scores", "Grades")}
BASE = {"zh": "基础得分", "en": "Base score"}
COUNT = 110
EXPORT = 1e-14  # LibreOffice writes 15 digits; what is rounded to ticks must be equal outright


def random_results():
    """Random assessments, each node named by its id."""
    found = []

    @settings(max_examples=COUNT)
    @given(givens(kinds=KINDS))
    def collect(given):
        scheme = copy.deepcopy(given.scheme)
        nodes = list(scheme["indicators"])
        for node in nodes:
            node["name"] = node["id"]
            nodes += node.get("children", [])
        found.append(qt.assess(scheme_of(scheme), frame_of(given)))

    collect()
    return found


def packaged(name):
    case = qt.read_case(name)
    return qt.assess(case.scheme, case.table)


def recalculated(paths, folder, edits=None):
    """The workbooks with all values computed anew: first without the values of formulas, and with
    some cells edited ({path: {(sheet, cell): value}}); then converted in one call."""
    (folder / "bare").mkdir()
    for path in paths:
        write_bare(path, folder / "bare" / path.name, (edits or {}).get(path, {}))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    files = [folder / "bare" / path.name for path in paths]
    command = [SOFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir", folder, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return [openpyxl.load_workbook(folder / path.name, data_only=True) for path in paths]


def write_bare(path, bare, edits):
    """A copy of a workbook with numbers put in place of others, and no value left of any formula
    that could be copied."""
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(bare, "w") as copy:
        names = re.findall('<sheet name="([^"]*)"', book.read("xl/workbook.xml").decode("utf-8"))
        for part in book.namelist():
            text = book.read(part)
            if number := re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", part):
                text = FORMULA.sub(r"\1", text.decode("utf-8"))
                assert "</f><v>" not in text
                for (sheet, cell), value in edits.items():
                    if sheet == names[int(number[1]) - 1]:
                        typed = rf'(<c r="{cell}"(?: s="\d+")?>)<v>[^<]*</v>'
                        text, count = re.subn(typed, rf"\g<1><v>{value!r}</v>", text)
                        assert count == 1
                text = text.encode("utf-8")
            copy.writestr(part, text)


FORMULA = re.compile("(<f[^>]*>[^<]*</f>)<v>[^<]*</v>")


def columns_of(sheet):
    """{title: [value of each unit]} of a sheet of units."""
    titles = [cell.value for cell in sheet[2]]
    return {
        title: [sheet.cell(r, c).value for r in range(4, sheet.max_row + 1)]
        for c, title in enumerate(titles, 1)
    }


def differences(book, result, language="zh"):
    """Where the cells of a workbook are not the engine's numbers."""
    _, tree, final = (columns_of(book[name]) for name in SHEETS[language])
    found, scheme = [], result.scheme
    blank = result.matrix.isna()
    for node in scheme.nodes:
        below = [leaf.id for leaf in node.walk() if leaf.is_leaf]
        for k, (cell, value) in enumerate(
            zip(tree[node.name.of(language)], result.nodes[node.id], strict=True)
        ):
            empty = blank[below].iloc[k].all()
            if (
                (cell not in (None, ""))
                if empty
                else cell in (None, "") or abs(cell - value) > EXPORT * max(1, value)
            ):
                found.append((node.id, k, cell, value))
    published = [title for title in final if title in ("公布得分", "Published score")]
    rank = [title for title in final if title in ("位次", "Rank")]
    labels = {item.id: item.label.of(language) for item in scheme.grades}
    numbers = {item.id: i + 1 for i, item in enumerate(scheme.grades)}
    pairs = [
        ("base", tree[BASE[language]], result.base / 10**10),
        ("base", final[BASE[language]], result.base / 10**10),
        ("score", final[published[0]], result.scores),
        ("rank", final[rank[0]], result.ranks),
    ]
    for what, cells, values in pairs:
        found += [
            (what, k, c, v) for k, (c, v) in enumerate(zip(cells, values, strict=True)) if c != v
        ]
    grades = [final[title] for title in ("等级", "按得分等级") if title in final]
    if language == "en":
        grades = [final["Grade"], final["Grade by score"]]
    by_number = final["按得分等级（序号）" if language == "zh" else "Grade by score (number)"]
    for what, cells, ids in zip(
        ("grade", "by_score"), grades, (result.grades, result.steps.by_score), strict=True
    ):
        found += [
            (what, k, c, i)
            for k, (c, i) in enumerate(zip(cells, ids, strict=True))
            if c != labels[i]
        ]
    ids = result.steps.by_score
    found += [
        ("number", k, c, i)
        for k, (c, i) in enumerate(zip(by_number, ids, strict=True))
        if c != numbers[i]
    ]
    return found


def all_values(book):
    return {
        (s.title, cell.coordinate): cell.value
        for s in book
        for row in s.iter_rows()
        for cell in row
    }


def moved(cached, computed):
    """Cells whose value in a workbook is not what its formulas give."""
    assert cached.keys() >= computed.keys()
    both = {at: (value, computed.get(at)) for at, value in cached.items()}
    wrong = {at: pair for at, pair in both.items() if (pair[0] or "") != (pair[1] or "")}
    number = {
        at for at, pair in wrong.items() if all(isinstance(value, int | float) for value in pair)
    }
    return {
        at: (a, b)
        for at, (a, b) in wrong.items()
        if at not in number or abs(a - b) > EXPORT * max(1, abs(a))
    }


def write_all(results, folder, language="zh"):
    paths = [folder / f"{i}.xlsx" for i in range(len(results))]
    for result, path in zip(results, paths, strict=True):
        write_recheck(result, path, language)
    return paths


FEATURES = {
    "blank below a power mean": lambda r, e: e.tree.blank.any() and not e.tree.is_arithmetic,
    "blank below a sum": lambda r, e: e.tree.blank.any() and e.tree.is_arithmetic,
    "negative power": lambda r, e: min(e.tree.order) < 0,
    "rounding inside": lambda r, e: e.tree.rounds_inside,
    "means": lambda r, e: e.means,
    "negative score": lambda r, e: (r.scores < 0).any(),
    "floor": lambda r, e: e.floor is not None,
    "rounding first": lambda r, e: e.round_first,
    "late deductions": lambda r, e: e.late.any(),
    "cutoffs by class": lambda r, e: len(np.unique(e.cutoffs, axis=0)) > 1,
    "veto that lowers": lambda r, e: (e.shift[r.steps.set_by == "veto:w"] > 0).any(),
    "quota": lambda r, e: (r.steps.set_by == "quota").any(),
    "last": lambda r, e: (r.steps.set_by == "last").any(),
    "quota in a class": lambda r, e: any(step.members is not None for step in e.rivals),
    "quota before vetoes": lambda r, e: not e.veto_first and e.rivals,
    "rank on base": lambda r, e: e.rank_on_base and e.rounding,
}


def features(result):
    return {name for name, holds in FEATURES.items() if holds(result, result.engine)}


@pytest.fixture(scope="module")
def randoms():
    """Random assessments: where not all are asked for, first those that hold what few others do."""
    found = random_results()
    held = Counter(name for result in found for name in features(result))
    rarest = lambda result: min((held[name] for name in features(result)), default=COUNT)  # noqa: E731
    return sorted(found, key=rarest)[: COUNT if ALL else COUNT // 5]


def test_the_random_assessments_hold_what_is_hard(randoms):
    held = {name for result in randoms for name in features(result)}
    assert FEATURES.keys() - held == set()


def test_values_in_the_file_are_the_engines(randoms, tmp_path):
    for result, path in zip(randoms, write_all(randoms, tmp_path), strict=True):
        assert differences(openpyxl.load_workbook(path, data_only=True), result) == []


@needs_soffice
def test_formulas_give_what_the_engine_gives_on_random_assessments(randoms, tmp_path):
    paths = write_all(randoms, tmp_path)
    (tmp_path / "out").mkdir()
    for result, path, book in zip(
        randoms, paths, recalculated(paths, tmp_path / "out"), strict=True
    ):
        assert differences(book, result) == [], path.name
        assert (
            moved(all_values(openpyxl.load_workbook(path, data_only=True)), all_values(book)) == {}
        ), path.name


def random_ways():
    """Random assessments whose grades go by place, by share or by natural breaks."""
    found = []

    @settings(max_examples=share(30, 8))
    @given(givens(kinds=["share"], stages=False, ways=True))
    def collect(given):
        found.append(qt.assess(scheme_of(given.scheme), frame_of(given)))

    collect()
    return found


@needs_soffice
def test_formulas_give_the_grades_that_go_by_place_share_or_breaks(tmp_path):
    results = random_ways()
    paths = write_all(results, tmp_path)
    (tmp_path / "out").mkdir()
    for result, path, book in zip(
        results, paths, recalculated(paths, tmp_path / "out"), strict=True
    ):
        labels = {item.id: item.label.zh for item in result.scheme.grades}
        final = columns_of(book["总分定级"])
        assert final["等级"] == [labels[id] for id in result.grades], path.name
        cached = all_values(openpyxl.load_workbook(path, data_only=True))
        assert moved(cached, all_values(book)) == {}, path.name


@needs_soffice
def test_formulas_give_what_the_engine_gives_on_the_cases(tmp_path):
    cases = [packaged(name) for name in ("provinces-2008", "tai-2001", "city-2026")]
    both = [(result, language) for result in cases for language in LANGUAGES]
    paths = [tmp_path / f"{i}.xlsx" for i in range(len(both))]
    for (result, language), path in zip(both, paths, strict=True):
        write_recheck(result, path, language)
    (tmp_path / "out").mkdir()
    books = recalculated(paths, tmp_path / "out")
    for (result, language), path, book in zip(both, paths, books, strict=True):
        cached = openpyxl.load_workbook(path, data_only=True)
        assert differences(cached, result, language) == []
        assert differences(book, result, language) == []
        assert moved(all_values(cached), all_values(book)) == {}


def point_cells(result, language="zh"):
    """The cell of each leaf's points, found by the leaf's name."""
    return lambda book: {
        leaf.id: cell.offset(0, 1).coordinate
        for leaf in result.scheme.leaves
        for cell in book[SHEETS[language][0]]["B"]
        if cell.value and cell.value.strip() == leaf.name.of(language)
    }


def with_value(result, unit, leaf, value):
    """The assessment with another value of one cell, in whatever stage it was said."""
    table, k = result.table, result.table.units.index(unit)
    j = [item.id for item in result.scheme.leaves].index(leaf)
    raw, filed = table.raw.copy(), table.filed.copy()
    raw[k, j] = filed[k, j] = value
    return qt.assess(result.scheme, replace(table, raw=raw, filed=filed))


def data_cells(path, titles):
    """The cells of the first unit in columns of the sheet of data, by title."""
    heads = {cell.value: cell for cell in openpyxl.load_workbook(path)["数据"][2]}
    return {title: heads[title].offset(2, 0) for title in titles if title in heads}


def with_values_swapped(result, path):
    """A unit takes the value of another one: the assessment of that, and the cells to edit; as it
    was where no indicator has two values."""
    for j, leaf in enumerate(result.scheme.leaves):
        scored = np.flatnonzero(result.table.status[:, j] == VALUE)
        values = result.table.raw[scored, j]
        numbers = not leaf.stages and all(isinstance(x, int | float) for x in values)
        if numbers and len(set(values)) > 1:
            k, other = int(scored[values.argmin()]), values.max()
            [cell] = data_cells(path, [leaf.name.zh]).values()
            edits = {("数据", cell.offset(k, 0).coordinate): other}
            return with_value(result, result.table.units[k], leaf.id, other), edits
    return result, {}


def with_points_swapped(result, path):
    """Two leaves change places in points: the assessment of that, and the cells to edit; as it was
    where all have the same, or one has none."""
    points = result.points
    if points.nunique() == 1 or min(points) == 0:
        return result, {}
    low, high = points.idxmin(), points.idxmax()
    swapped = {low: float(points[high]), high: float(points[low])}
    after = result.what_if(points=swapped, spread="none")
    at = point_cells(result)(openpyxl.load_workbook(path))
    return after, {("分值", at[id]): value for id, value in after.points.items()}


@needs_soffice
def test_edited_values_and_points_give_what_the_assessment_of_them_gives(randoms, tmp_path):
    """All that depends on who else is assessed moves with a value; then two leaves change places in
    points, in the same workbook."""
    before = randoms[: share(90, 22)]
    paths = write_all(before, tmp_path)
    wanted, edits, kinds, moved_by = [], {}, set(), Counter()
    for result, path in zip(before, paths, strict=True):
        valued, of_values = with_values_swapped(result, path)
        after, of_points = with_points_swapped(valued, path)
        wanted.append(after)
        edits[path] = of_values | of_points
        kinds |= {result.scheme.leaves[0].rule.kind} if of_values else set()
        moved_by["value"] += bool(of_values)
        moved_by["points"] += valued.scores.tolist() != after.scores.tolist()
    assert moved_by["value"] > 15 and moved_by["points"] > len(before) / 4, moved_by
    assert len(kinds) > 5
    (tmp_path / "out").mkdir()
    books = recalculated(paths, tmp_path / "out", edits)
    for after, path, book in zip(wanted, paths, books, strict=True):
        assert differences(book, after) == [], path.name


@needs_soffice
def test_a_blank_that_is_the_mean_of_others_follows_their_values(tmp_path):
    """Of 20 points u has 10 and v 16 by shares, so w has 13; with 1 in place of .5 u has 20 and w
    18. Counted in points: 10, 16 and 13, then 19, 16 and 17.5."""
    results = [with_a_blank(scales) for scales in (True, False)]
    assert [result.scores.tolist() for result in results] == [[10, 16, 13]] * 2
    paths, edits = write_all(results, tmp_path), {}
    for path in paths:
        [cell] = data_cells(path, ["x"]).values()
        edits[path] = {("数据", cell.coordinate): 1.0}
    (tmp_path / "out").mkdir()
    by_shares, in_points = recalculated(paths, tmp_path / "out", edits)
    assert columns_of(by_shares["逐级得分"])["x"] == pytest.approx([20, 16, 18])
    assert columns_of(in_points["逐级得分"])["x"] == pytest.approx([19, 16, 17.5])


def with_a_blank(scales):
    """Three units of which the last has no value and gets the mean of the others."""
    rule = {"kind": "share"} if scales else {"kind": "deduct", "rate": 1.0}
    leaf = {"id": "x", "name": "x", "points": 20.0, "rule": rule, "scales": scales}
    leaf["missing"] = {"blank": "not_reported", "not_reported": "group_mean"}
    other = {"id": "y", "name": "y", "points": 5.0, "rule": {"kind": "share"}}
    scheme = {"id": "s", "name": "s", "total": 25.0, "indicators": [leaf, other]}
    scheme["grades"] = [{"id": "A", "cutoff": 15.0}, {"id": "B", "cutoff": 0.0}]
    values = [0.5, 0.8, None] if scales else [10.0, 4.0, None]
    frame = pd.DataFrame({"x": values, "y": [0.0, 0.0, 0.0]}, index=["u", "v", "w"])
    return qt.assess(scheme_of(scheme), frame)


@needs_soffice
def test_edited_stages_and_targets_of_the_city_move_its_scores(tmp_path):
    """A verified value, one that makes a value with others, and a unit's own target, each worked
    out anew from the scheme's stages by hand."""
    result = packaged("city-2026")
    table, scheme = result.table, result.scheme
    leaf = next(leaf for leaf in scheme.leaves if leaf.rule.kind == "target")
    j = scheme.leaves.index(leaf)
    unit = table.units[0]
    targets = table.targets.copy()
    targets[0, j] *= 1.25
    after = qt.assess(scheme, replace(table, targets=targets))
    assert after.base[unit] != result.base[unit]
    one, two = write_all([result, result], tmp_path)
    [cell] = data_cells(one, [f"{leaf.name.zh}：目标值"]).values()
    edits = {one: {("数据", cell.coordinate): float(targets[0, j])}}
    joined = next(leaf for leaf in scheme.leaves if len(leaf.stages) > 1)
    part = next(stage for stage in scheme.stages if stage.id in joined.stages)
    j = scheme.leaves.index(joined)
    k = int(np.flatnonzero(table.status[:, j] == VALUE)[0])
    old = table.stages[part.id][k, j]
    later = [s.id for s in scheme.stages if s.effect != "part" and s.id in table.stages]
    assert all(table.stages[id][k, j] is None for id in later)
    new = table.raw[k, j] + joined.stages[part.id] * (old / 2 - old)
    verified = with_value(result, table.units[k], joined.id, round(new, 12))
    [cell] = data_cells(two, [f"{joined.name.zh}：{part.name.zh}"]).values()
    edits[two] = {("数据", cell.offset(k, 0).coordinate): old / 2}
    (tmp_path / "out").mkdir()
    moved_target, moved_part = recalculated([one, two], tmp_path / "out", edits)
    assert differences(moved_target, after) == []
    assert differences(moved_part, verified) == []


@needs_soffice
def test_an_edited_cutoff_and_points_from_siblings_give_what_what_if_gives(tmp_path):
    result = packaged("provinces-2008")
    first, leaf = result.scheme.grades[0], result.scheme.leaves[0]
    lower = result.what_if(cutoffs={first.id: first.cutoff - 2})
    assert lower.grades.tolist() != result.grades.tolist()
    more = result.what_if(points={leaf.id: leaf.points + 3}, spread="siblings")
    assert more.scores.tolist() != result.scores.tolist()
    one, two = write_all([result, result], tmp_path)
    sheet = openpyxl.load_workbook(one)["分值"]
    [cell] = [row[2].coordinate for row in sheet.iter_rows() if row[1].value == first.label.zh]
    at = point_cells(result)(openpyxl.load_workbook(two))
    edits = {
        one: {("分值", cell): first.cutoff - 2},
        two: {("分值", at[id]): value for id, value in more.points.items()},
    }
    (tmp_path / "out").mkdir()
    books = recalculated([one, two], tmp_path / "out", edits)
    assert [differences(book, after) for book, after in zip(books, (lower, more), strict=True)] == [
        [],
        [],
    ]


TAKEN = (0.0, 0.5, 3.0)


def rounding_case(decimals, mode):
    """One leaf of 10 points; units at every half step and a tick below it, once for each number of
    TAKEN points that are lost outside the total."""
    half = Decimal(5) / Decimal(10) ** (decimals + 1)
    exact = [
        half * i - tick
        for i in range(1, 160 if ALL else 80, 2)
        for tick in (Decimal(0), Decimal("1e-10"))
    ]
    data = {
        "id": "r",
        "name": "r",
        "total": 10.0,
        "rounding": {"total": {"decimals": decimals, "mode": mode}},
        "indicators": [{"id": "x", "name": "x", "points": 10.0, "rule": {"kind": "share"}}],
        "grades": [{"id": "A", "cutoff": 5.0}, {"id": "B", "cutoff": 0.0}],
        "bonuses": [{"id": "late", "name": "l", "kind": "deduction", "max": 5.0}],
    }
    pairs = [(x, taken) for taken in TAKEN for x in exact if x <= 10]
    columns = {"x": [float(x / 10) for x, _ in pairs], "bonus:late": [taken for _, taken in pairs]}
    frame = pd.DataFrame(columns, index=[f"u{k}" for k in range(len(pairs))])
    shift = Fraction(1, 2) if mode == "half_up" else 0
    scale = 10**decimals
    want = [
        float(Fraction(math.floor((Fraction(x) - Fraction(taken)) * scale + shift), scale))
        for x, taken in pairs
    ]
    return qt.assess(validate(Scheme, data, None), frame), want


@needs_soffice
def test_rounding_is_right_at_and_a_tick_below_each_half_step_also_below_zero(tmp_path):
    cases = [rounding_case(*kind) for kind in itertools.product((0, 1, 2, 3), ("half_up", "floor"))]
    paths = write_all([result for result, _ in cases], tmp_path)
    (tmp_path / "out").mkdir()
    for (_, want), book in zip(cases, recalculated(paths, tmp_path / "out"), strict=True):
        assert columns_of(book["总分定级"])["公布得分"] == want


HOSTILE = ["=1+1", "+A1", "-2+3", "@SUM(A1)", '=HYPERLINK("x","y")', "http://x.y", "{=1}", "a&<b>"]


@needs_soffice
def test_hostile_names_stay_text(tmp_path):
    scheme = {
        "id": "h",
        "name": "=1+1",
        "total": 4.0,
        "notes": ["=2+2"],
        "indicators": [
            {"id": f"x{j}", "name": HOSTILE[j], "points": 1.0, "rule": {"kind": "share"}}
            for j in range(4)
        ],
        "grades": [
            {"id": "A", "name": '="A"*?', "cutoff": 2.0},
            {"id": "B", "name": "=B{r}", "cutoff": 0.0},
        ],
    }
    frame = pd.DataFrame(
        {f"x{j}": np.linspace(0.1, 0.9, len(HOSTILE)) for j in range(4)}, index=HOSTILE
    )
    result = qt.assess(validate(Scheme, scheme, None), frame)
    [path] = write_all([result], tmp_path)
    book = openpyxl.load_workbook(path)
    for name in ("系数a", "常数b", "逐级得分", "总分定级"):
        cells = [book[name].cell(r, 1) for r in range(4, 4 + len(HOSTILE))]
        assert [(cell.value, cell.data_type) for cell in cells] == [(unit, "s") for unit in HOSTILE]
        assert all(link.target is None for link in book[name]._hyperlinks)
    names = {
        cell.coordinate: cell
        for row in book["分值"].iter_rows(min_col=2, max_col=2)
        for cell in row
        if cell.value
    }
    assert {cell.data_type for cell in names.values()} == {"s"}
    (tmp_path / "out").mkdir()
    [computed] = recalculated([path], tmp_path / "out")
    assert differences(computed, result) == []
    assert columns_of(computed["总分定级"])["考核对象"] == HOSTILE


@needs_soffice
def test_words_that_look_like_functions_stay_words(tmp_path):
    """A level called “SORT(a)” is compared as it is written."""
    leaf = {"id": "x", "name": "x", "points": 10.0}
    leaf["rule"] = {"kind": "level", "levels": {"SORT(a)": 1.0, "MAP(": 0.5, "差": 0.0}}
    grades = [{"id": "A", "cutoff": 5.0}, {"id": "B", "cutoff": 0.0}]
    scheme = {"id": "s", "name": "s", "total": 10.0, "indicators": [leaf], "grades": grades}
    frame = pd.DataFrame({"x": ["SORT(a)", "MAP(", "差"]}, index=["u", "v", "w"])
    result = qt.assess(scheme_of(scheme), frame)
    assert result.scores.tolist() == [10, 5, 0]
    [path] = write_all([result], tmp_path)
    (tmp_path / "out").mkdir()
    [book] = recalculated([path], tmp_path / "out")
    assert differences(book, result) == []


def test_the_same_bytes_for_the_same_result(tmp_path):
    result = packaged("provinces-2008")
    for name in ("a", "b"):
        write_recheck(result, tmp_path / f"{name}.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_inputs_are_tinted_and_formulas_are_not(language, tmp_path):
    [path] = write_all([packaged("provinces-2008")], tmp_path, language)
    book = openpyxl.load_workbook(path)
    kinds = {"number": set(), "formula": set()}
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes is not None
        for row in sheet.iter_rows(min_row=3):
            for cell in row:
                if cell.data_type in ("n", "f") and cell.value is not None:
                    kinds["formula" if cell.data_type == "f" else "number"].add(
                        cell.fill.fgColor.rgb
                    )
    assert kinds == {"number": {"FFFFF4D6"}, "formula": {"00000000"}}


def test_synthetic_data_are_called_synthetic(tmp_path):
    data = {
        "id": "s",
        "name": "s",
        "total": 1.0,
        "synthetic": True,
        "indicators": [{"id": "x", "name": "x", "points": 1.0, "rule": {"kind": "share"}}],
        "grades": [{"id": "A", "cutoff": 0.0}],
    }
    for synthetic in (True, False):
        scheme = validate(Scheme, data | {"synthetic": synthetic}, None)
        [path] = write_all([qt.assess(scheme, pd.DataFrame({"x": [1.0]}, index=["甲"]))], tmp_path)
        notes = [cell.value for cell in openpyxl.load_workbook(path)["说明"]["B"]]
        assert ("模拟数据。" in notes) == synthetic

"""Rival drafts side by side: each as `assess` grades it by itself, and what they change."""

import shutil

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit import engine
from qtoolkit.errors import InputError
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.language import Text
from tests.examples import ALL

CITY = packaged_cases() / "city-2026"
FLAT = {"a": 60, "b": 40}


def scheme(points, **cutoffs):
    return qt.Scheme.flat(points, {**cutoffs, "B": 0})


@pytest.fixture(scope="module")
def city():
    case = qt.read_case(CITY)
    return case, qt.assess(case.scheme, case.table)


@pytest.fixture(scope="module")
def found(city):
    case, result = city
    return qt.drafts.of_case(case, result, qt.comparison.last_year(case), exact=ALL)


def test_each_draft_is_graded_as_a_case_of_its_own(city, found):
    """The same file read as another case's scheme with the same data, by the public calls alone."""
    _, result = city
    assert found.names == ["方案二", "方案三"]
    assert found.grades["本方案"].tolist() == result.grades.tolist()
    for name, file in zip(found.names, ("draft-two", "draft-three"), strict=True):
        alone = qt.read_case(scheme=CITY / "drafts" / f"{file}.yaml", data=CITY / "data.csv")
        other = qt.assess(alone.scheme, alone.table)
        assert found.grades[name].tolist() == other.grades.tolist()
        assert found.scores[name].tolist() == other.scores.tolist()
        assert found.ranks[name].tolist() == other.ranks.tolist()
        tolerance = qt.robustness.tolerance(other, exact=ALL).table["tolerance"]
        assert found.table.loc[name, "least"] == tolerance.min()
        assert found.table.loc[name, "sure"] == (tolerance >= 0.1).sum()


def test_counts_and_distances_are_those_of_plain_counting(city, found):
    case, result = city
    last = qt.assess(case.previous.scheme, case.previous.table)
    place = {"A": 0, "B": 1, "C": 2, "D": 3}
    for name in found.grades:
        grades = found.grades[name]
        for grade in place:
            assert found.table.loc[name, f"count:{grade}"] == list(grades).count(grade)
        assert found.table.loc[name, "changed"] == sum(grades != result.grades.astype(object))
        away = [abs(place[g] - place[last.approved[unit]]) for unit, g in grades.items()]
        assert found.table.loc[name, "from_last"] == sum(x > 0 for x in away)
        assert found.table.loc[name, "steps_from_last"] == sum(away)


def test_near_misses_are_found_by_moving_one_score(city, found):
    """A near-miss's grade changes when its own base score moves by a point, and no other's does."""
    for name, each in found.results.items():
        for unit in each.scores.index:
            row = each.scores.index.get_loc(unit)
            moved = []
            for points in (1.0, -1.0 + 1e-9):
                base = each.base.to_numpy().copy()
                base[row] += round(points * 1e10)
                codes = engine.grade(each.engine, base)
                moved.append(codes[row] != each.grades.cat.codes.iloc[row])
            assert (unit in found.near[name]) == any(moved), (name, unit)


def test_what_drafts_change_is_what_was_changed():
    base = scheme(FLAT, A=90)
    other = base.replace(points={"a": 50}, cutoffs={"A": 88}, spread="all")
    table = qt.drafts.changes_of(base, {"一": base, "二": other})
    assert sorted(table.index) == [("cutoff", "A"), ("points", "a"), ("points", "b")]
    assert not table["一"].any() and table["二"].all()


def test_a_cause_is_undone_by_giving_back_what_it_names(city, found):
    """Draft three with the scheme's quota of A again: whoever owed the A to it has it no longer."""
    case, _ = city
    three = found.results["方案三"]
    again = three.change({"grades.A.quota": case.scheme.grades[0].quota})
    rows = found.causes[(found.causes["draft"] == "方案三") & (found.causes["part"] == "quotas")]
    assert len(rows)
    for row in rows.itertuples():
        assert three.grades[row.unit] == row.after and again.grades[row.unit] == row.before


def test_every_grade_that_differs_has_a_cause(found):
    for name in found.names:
        differs = found.grades.index[found.grades[name] != found.grades["本方案"]]
        assert set(found.causes.loc[found.causes["draft"] == name, "unit"]) == set(differs)


@pytest.mark.parametrize("total", [100.0, 1000.0])
def test_drafts_of_other_totals_and_of_one_unit(total):
    frame = pd.DataFrame({"a": [0.9], "b": [0.7]}, index=["甲"])
    ours = qt.assess(scheme(FLAT, A=83), frame)
    points = {leaf: p * total / 100 for leaf, p in FLAT.items()}
    other = qt.assess(qt.Scheme.flat(points, {"A": 0.82 * total, "B": 0}), frame)
    found = qt.drafts.compare(ours, {"二": other})
    assert found.grades.loc["甲"].tolist() == ["B", "A"] and list(found.differing) == ["甲"]
    assert found.scores.loc["甲"].tolist() == [82.0, 0.82 * total]
    assert pd.isna(found.table.loc["二", "from_last"])


def test_the_tolerance_of_a_draft_under_a_quota_is_proven():
    """90 points whatever a and b have, against 89 + .15 t where a has t more and b t less: level
    at t = 20/3, which is a sixth of b's 40 points. Without the quota both stay above 80: 89 less
    .15 · 40 is 83."""
    frame = pd.DataFrame({"a": [0.9, 0.95], "b": [0.9, 0.8]}, index=["甲", "乙"])
    ours = qt.assess(scheme(FLAT, A=80), frame)
    found = qt.drafts.compare(ours, {"二": ours.change({"grades.A.quota": 1})})
    assert found.grades["二"].tolist() == ["A", "B"]
    assert found.table.loc["二", "least"] == pytest.approx(1 / 6, abs=1e-9)
    assert found.table.loc["二", "weakest"] == ("甲", "乙")
    assert found.table.loc["本方案", "least"] >= 1


def test_drafts_that_cannot_stand_side_by_side_are_refused():
    frame = pd.DataFrame({"a": [0.9, 0.2], "b": [0.7, 0.1]}, index=["甲", "乙"])
    ours = qt.assess(scheme(FLAT, A=83), frame)
    for other, text in (
        (qt.assess(scheme(FLAT, A=83), frame.iloc[:1]), "考核对象"),
        (qt.assess(qt.Scheme.flat(FLAT, {"G": 83, "H": 0}), frame), "等级"),
        ("draft", "assess"),
    ):
        with pytest.raises(InputError, match=text):
            qt.drafts.compare(ours, {"二": other})
    with pytest.raises(InputError, match="band"):
        qt.drafts.compare(ours, {"二": ours}, band=2)
    # of one name there would be one column: another's, or the scheme's own, would be lost
    twins = {Text("甲", "a"): ours, Text("甲", "b"): ours}
    for others in ({"本方案": ours}, twins, {"": ours}, {"甲\n乙": ours}):
        with pytest.raises(InputError, match="others"):
            qt.drafts.compare(ours, others)
    assert qt.drafts.compare(ours, {2026: ours}).names == ["2026"]


# reading ------------------------------------------------------------------------------------------


@pytest.fixture
def mine(tmp_path):
    shutil.copytree(CITY, tmp_path / "mine")
    return tmp_path / "mine"


def with_drafts(folder, text):
    """The case with other drafts in its params.yaml."""
    path = folder / "params.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("alternatives:")]
    path.write_text("\n".join([*kept, text, ""]), encoding="utf-8")
    return folder


def test_drafts_by_changes_alone_and_by_name(mine):
    text = (
        "alternatives:\n"
        "  - {name: {zh: 降线, en: Lower line}, changes: {cutoffs.A级: 88, grades.A.quota: null}}\n"
        "  - {scheme: drafts/draft-three.yaml, changes: {cutoffs.A: 91}}\n"
    )
    case = qt.read_case(with_drafts(mine, text))
    assert [draft.name for draft in case.drafts] == [
        Text("降线", "Lower line"),
        Text("方案三", "Draft three"),
    ]
    first, second = case.drafts
    assert first.scheme.grades[0].cutoff == 88 and first.scheme.grades[0].quota is None
    assert second.scheme.grades[0].cutoff == 91 and second.scheme.rounding.total.decimals == 0
    plain = qt.assess(case.scheme, case.table)
    wanted = plain.change({"cutoffs.A": 88, "grades.A.quota": None}).grades.tolist()
    assert qt.drafts.assessed(case)[first.name].grades.tolist() == wanted


def test_changes_of_a_run_go_with_drafts_that_only_change(mine):
    """A draft that only changes stands on the scheme as it is run; one with a file does not."""
    text = "alternatives: [{changes: {points.brand: 5}}, drafts/draft-two.yaml]\n"
    case = qt.read_case(with_drafts(mine, text), changes={"cutoffs.A": 87})
    assert [draft.scheme.grades[0].cutoff for draft in case.drafts] == [87, 90]


def test_columns_of_what_a_draft_gives_up_are_passed_over(mine):
    """A draft without ports: its points go to staff, its three columns stay in the data."""
    text = (mine / "scheme.yaml").read_text(encoding="utf-8")
    start = text.index("          - id: port\n")
    stop = text.index("          - id: talent\n")
    text = text[:start] + text[stop:].replace("points: 3\n", "points: 5\n", 1)
    (mine / "drafts" / "no-port.yaml").write_text(text, encoding="utf-8")
    case = qt.read_case(with_drafts(mine, "alternatives: [drafts/no-port.yaml]"))
    (draft,) = case.drafts
    assert "port" not in {leaf.id for leaf in draft.scheme.leaves}
    frame = pd.read_csv(mine / "data.csv", dtype=str, keep_default_na=False)
    kept = [name for name in frame if not name.startswith("port")]
    frame[kept].to_csv(mine / "less.csv", index=False)
    alone = qt.read_case(scheme=mine / "drafts" / "no-port.yaml", data=mine / "less.csv")
    other = qt.assess(alone.scheme, alone.table)
    assert qt.drafts.assessed(case)[draft.name].scores.tolist() == other.scores.tolist()
    found = qt.drafts.of_case(case, qt.assess(case.scheme, case.table), exact=False)
    assert ("points", "port") in found.changes.index


def test_a_column_that_nobody_knows_is_still_a_complaint(mine):
    frame = pd.read_csv(mine / "data.csv", dtype=str, keep_default_na=False)
    frame.assign(tpyo="1").to_csv(mine / "data.csv", index=False)
    with pytest.raises(InputError, match="tpyo"):
        qt.read_case(mine)


REFUSED = {
    "alternatives: [drafts/draft-nine.yaml]": ("draft-nine.yaml", "alternatives.1"),
    "alternatives: [{name: 甲稿}]": ("scheme", "changes"),
    "alternatives: [{changes: {cutoffs.Z: 80}}]": ("方案二", "cutoffs.Z"),
    "alternatives: [{changes: {cutoffs.A: 70}}]": ("方案二",),
    "alternatives: [{name: 本方案, changes: {cutoffs.A: 88}}]": ("本方案", "重复"),
    "alternatives: [{name: 甲, scheme: scheme.yaml}, {name: ' 甲', scheme: scheme.yaml}]": (
        "重复",
    ),
    "alternatives: [{name: '', changes: {cutoffs.A: 88}}]": ("30",),
    f"alternatives: [{{name: {'长' * 31}, changes: {{cutoffs.A: 88}}}}]": ("30",),
    "alternatives: [{nmae: 甲, changes: {cutoffs.A: 88}}]": ("nmae", "name"),
    f"alternatives: [{', '.join(['drafts/draft-two.yaml'] * 6)}]": ("6", "5"),
    "alternatives: drafts/draft-two.yaml": ("列表",),
    "alternatives: [data.csv]": ("yaml", "data.csv"),
    "alternatives: [previous]": ("previous",),
    "alternatives: [7]": ("alternatives.1",),
    "alternatives: [../tai-2001/scheme.yaml]": ("tai-2001",),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_draft_is_one_sentence(mine, text):
    with pytest.raises(InputError) as refused:
        qt.read_case(with_drafts(mine, text + "\n"))
    sentences = refused.value.sentences("zh")
    assert len(sentences) == 1 and all(word in sentences[0] for word in REFUSED[text]), sentences
    assert len(refused.value.sentences("en")) == 1


def test_a_draft_of_other_grades_or_units_names_itself(mine):
    text = (mine / "scheme.yaml").read_text(encoding="utf-8")
    (mine / "drafts" / "five.yaml").write_text(
        text.replace("{id: D, name", "{id: E, name"), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"方案二.*A.*E.*"):
        qt.read_case(with_drafts(mine, "alternatives: [drafts/five.yaml]"))

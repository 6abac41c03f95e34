"""Points, cutoffs and quotas written into a scheme's text: it reads back as the scheme, and nothing
else in it moves."""

import difflib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.errors import InputError, WorkError
from qtoolkit.inputs.case import read_case
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.schemeedit import edited, is_written_for_points, plain_number
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.models import validate
from tests.examples import ALL, share
from tests.inputs.helpers import YAML, changed

FILES = sorted(
    path for path in Path("params").rglob("*.yaml") if path.name.startswith(("scheme", "draft"))
)
TEXTS = {path.as_posix(): path.read_bytes().decode("utf-8") for path in FILES}
TEXTS["helpers"] = YAML


def read(text, name="scheme.yaml"):
    document = parse_yaml(text.lstrip("\ufeff"), name)
    return validate(Scheme, document.data, name)


SCHEMES = {name: read(text) for name, text in TEXTS.items()}


def written(text, changes, spread="siblings"):
    """The scheme after changes, and the text with it."""
    scheme = change(read(text), changes, spread)
    return scheme, edited(text, "scheme.yaml", scheme)


def check(text, scheme, new):
    """The new text reads as the scheme; by the numbers in the parsed data, and by the engine's
    inputs of every leaf."""
    found = read(new)
    assert [x.points for x in found.leaves] == [x.points for x in scheme.leaves]
    assert [(g.cutoff, g.quota) for g in found.grades] == [
        (g.cutoff, g.quota) for g in scheme.grades
    ]
    for ours, wanted in zip(found.leaves, scheme.leaves, strict=True):
        if wanted.leaf_rule.in_points or not wanted.scales:
            assert ours.written_for == wanted.written_for
    for ours, wanted in zip(found.nodes, scheme.nodes, strict=True):
        assert abs(ours.points - wanted.points) <= 1e-9

    def rest(data):
        if isinstance(data, dict):
            return {k: rest(v) for k, v in data.items() if k not in NUMBERS}
        return [rest(item) for item in data] if isinstance(data, list) else data

    old, fresh = (parse_yaml(t.lstrip("\ufeff"), "scheme.yaml").data for t in (text, new))
    assert rest(fresh) == rest(old)
    assert re.findall(r"#[^\r\n]*", new) == re.findall(r"#[^\r\n]*", text)


NUMBERS = ("points", "cutoff", "quota", "out_of")
SCALAR = r'"?(points|cutoff|quota|out_of)"?: *[0-9.]+(, )?'


def other_lines(text, new):
    """Lines that were changed, without the numbers that may be."""
    old, fresh = (re.split(r"(?<=\n)", t) for t in (text, new))
    found = difflib.SequenceMatcher(None, old, fresh, autojunk=False).get_opcodes()
    return [
        [sorted(re.sub(SCALAR, "", line).strip(" ,\r\n") for line in lines) for lines in (a, b)]
        for a, b in ((old[i:j], fresh[k:m]) for tag, i, j, k, m in found if tag != "equal")
    ]


@st.composite
def changes_of(draw, scheme):
    leaves = draw(st.lists(st.sampled_from(scheme.leaves), max_size=3, unique_by=lambda x: x.id))
    parts = st.one_of(
        st.sampled_from([0.0, 0.5, 0.9, 1.0, 1.1]), st.floats(0, 1.1, allow_subnormal=False)
    )
    changes = {f"points.{leaf.id}": leaf.points * draw(parts) for leaf in leaves}
    cutoffs = [*(grade.cutoff for grade in scheme.grades), 0]
    for i, grade in enumerate(scheme.grades[:-1]):
        if draw(st.booleans()):
            gap = grade.cutoff - cutoffs[i + 1]
            changes[f"cutoffs.{grade.id}"] = grade.cutoff - gap * draw(st.floats(0, 0.4))
        if draw(st.booleans()):
            quota = st.sampled_from([None, 1, 3, 12, 0.3, 0.125, 1 / 3])
            changes[f"grades.{grade.id}.quota"] = draw(quota)
    return changes


@pytest.mark.parametrize("name", TEXTS)
def test_shipped_schemes_with_random_changes(name):
    @settings(max_examples=share(150, 50) if name == "helpers" else 40 if ALL else 2)
    @given(st.data())
    def holds(data):
        ends = data.draw(st.sampled_from(["\n", "\r\n"]))
        text = data.draw(st.sampled_from(["", "\ufeff"])) + TEXTS[name].replace("\n", ends)
        try:
            scheme = change(SCHEMES[name], data.draw(changes_of(SCHEMES[name])))
        except InputError:
            return  # siblings that cannot take the points up
        new = edited(text, "scheme.yaml", scheme)
        check(text, scheme, new)
        assert new.count("\r") == (new.count("\n") if ends == "\r\n" else 0)
        assert all(
            before == after for before, after in map(_without_new_lines, other_lines(text, new))
        )
        if ALL or name == "helpers":
            assert edited(new, "scheme.yaml", read(new)) == new

    holds()


def _without_new_lines(pair):
    """Lines before and after, but for whole lines of an inserted number."""
    return [[line for line in lines if line] for lines in pair]


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_changed_is_the_same_text(name):
    for text in (TEXTS[name], "\ufeff" + TEXTS[name].replace("\n", "\r\n")):
        assert edited(text, "scheme.yaml", SCHEMES[name]) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5.0, "5"),
        (5, "5"),
        (4.5, "4.5"),
        (0.0, "0"),
        (-0.0, "0"),
        (1e-05, "0.00001"),
        (1 / 3, "0.3333333333333333"),
        (10000.0, "10000"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_numbers_are_short_plain_decimals(number, text):
    assert plain_number(number) == text and float(text) == number


BLOCK = """\
# 方案 a scheme: {points: 3}
id: s   # the id
name: "a: {points: 3} # no"

indicators:
-   id: g
    # its points: 60
    points:   60.0   # sum
    name: 'points: 5'
    children:
      - points: 20   # twenty
        id: a
        name: {zh: "分值: 20", en: "cutoff: 90, quota: 4"}
        rule:
          kind: deduct
          rate: 1
        scales: true
      - {name: b, rule: {kind: direct}, "id": b, "points" : 40, scales: false }   # forty
- id: c
  name: |
    points: 40
    quota: 3  # not a comment
  points: !!float 40
  rule: {kind: share}
grades:
- id: A
  quota: 4   # at most four
  cutoff: 90
- quota: 6
  id: B
  cutoff: 80
- id: C

  # none yet
  cutoff: 60  # sixty
- id: D
  cutoff: 0
"""


def differing(text, new):
    """Lines that went and lines that came."""
    lines = difflib.ndiff(text.splitlines(), new.splitlines())
    found = [line for line in lines if line[0] in "+-"]
    return [[line[2:] for line in found if line[0] == sign] for sign in "-+"]


def test_block_style_by_hand():
    scheme, new = written(
        BLOCK,
        {
            "points.a": 15,
            "points.b": 45,
            "cutoffs.C": 60.5,
            "grades.A.quota": None,
            "grades.B.quota": None,
            "grades.C.quota": 12,
        },
    )
    check(BLOCK, scheme, new)
    assert differing(BLOCK, new) == [
        [
            "      - points: 20   # twenty",
            '      - {name: b, rule: {kind: direct}, "id": b, "points" : 40, scales: false }'
            "   # forty",
            "  quota: 4   # at most four",
            "- quota: 6",
            "  id: B",
            "  cutoff: 60  # sixty",
        ],
        [
            "      - points: 15   # twenty",
            "        out_of: 20",
            '      - {name: b, rule: {kind: direct}, "id": b, "points" : 45, "out_of" : 40, '
            "scales: false }   # forty",
            "  # at most four",
            "- id: B",
            "  cutoff: 60.5  # sixty",
            "  quota: 12",
        ],
    ]


def test_upper_levels_are_written_where_they_stand():
    scheme, new = written(BLOCK, {"points.c": 30.3})
    check(BLOCK, scheme, new)
    assert "    points:   69.7   # sum\n" in new and "  points: 30.3\n" in new
    assert "points: 23.2" in new  # 20 · 69.7/60, what a has of it
    lone = BLOCK.replace("    points:   60.0   # sum\n", "    points:   # the sum\n")
    scheme, new = written(lone, {"points.c": 30.3})
    check(lone, scheme, new)
    assert "    points:   # the sum\n" in new


@pytest.mark.parametrize(
    ("old", "changes", "new"),
    [
        ("{id: A, cutoff: 90}", {"grades.A.quota": 4}, "{id: A, cutoff: 90, quota: 4}"),
        ("{id: A, cutoff: 90 }", {"grades.A.quota": 0.3}, "{id: A, cutoff: 90, quota: 0.3 }"),
        ("{cutoff: 90, id: A}", {"grades.A.quota": 4}, "{cutoff: 90, quota: 4, id: A}"),
        ('{"id":"A","cutoff":90}', {"grades.A.quota": 4}, '{"id":"A","cutoff":90,"quota":4}'),
        ("{id: A, cutoff: 90, quota: 4}", {"grades.A.quota": 5}, "{id: A, cutoff: 90, quota: 5}"),
        ("{id: A, cutoff: 90, quota: 4}", {"grades.A.quota": None}, "{id: A, cutoff: 90}"),
        (
            "{id: A, quota: 4, cutoff: 90.0}",
            {"grades.A.quota": None, "cutoffs.A": 91},
            "{id: A, cutoff: 91}",
        ),
        ("{quota: 4, id: A, cutoff: 90}", {"grades.A.quota": None}, "{id: A, cutoff: 90}"),
        (
            "{id: A, quota: null, cutoff: 90}",
            {"grades.A.quota": 4},
            "{id: A, quota: 4, cutoff: 90}",
        ),
        ("{id: A, quota: ~, cutoff: 90}", {"grades.A.quota": 4}, "{id: A, quota: 4, cutoff: 90}"),
        ("{id: A, quota: , cutoff: 90}", {"grades.A.quota": 4}, "{id: A, quota: 4 , cutoff: 90}"),
        ("{id: A, cutoff: 90, quota}", {"grades.A.quota": 4}, "{id: A, cutoff: 90, quota: 4}"),
        ("{id: A, cutoff: 90, quota: }", {"grades.A.quota": None}, "{id: A, cutoff: 90, quota: }"),
        (
            "{id: A, # one\n   quota: 4, # two\n   cutoff: 90}",
            {"grades.A.quota": None},
            "{id: A, # one\n   quota: null, # two\n   cutoff: 90}",
        ),
        (
            "{id: A, # one\n   quota: 4, cutoff: 90}",
            {"grades.A.quota": None},
            "{id: A, # one\n   cutoff: 90}",
        ),
        (
            "{\n    id: A,\n    cutoff: 90\n    }",
            {"grades.A.quota": 4, "cutoffs.A": 89},
            "{\n    id: A,\n    cutoff: 89,\n    quota: 4\n    }",
        ),
        (
            "{\n    id: A,\n    cutoff: 90, # ninety\n    ties: out}",
            {"grades.A.quota": 4},
            "{\n    id: A,\n    cutoff: 90, quota: 4, # ninety\n    ties: out}",
        ),
        (
            "{\n    id: A,\n    cutoff: 90,\n    quota: 4\n    }",
            {"grades.A.quota": None},
            "{\n    id: A,\n    cutoff: 90\n    }",
        ),
        (
            "\n    id: A\n    cutoff: 90",
            {"grades.A.quota": 4},
            "\n    id: A\n    cutoff: 90\n    quota: 4",
        ),
        (
            "\n    id: A\n    cutoff:\n      90 # ninety",
            {"grades.A.quota": 4, "cutoffs.A": 91},
            "\n    id: A\n    cutoff:\n      91 # ninety\n    quota: 4",
        ),
        (
            "\n    id: A\n    quota: # four\n      4\n    cutoff: 90",
            {"grades.A.quota": None},
            "\n    id: A\n    quota: # four\n      null\n    cutoff: 90",
        ),
        (
            "\n    id: A\n    quota: # none\n    cutoff: 90",
            {"grades.A.quota": 4},
            "\n    id: A\n    quota: 4 # none\n    cutoff: 90",
        ),
        (
            "\n    id: A\n    ? quota\n    : 4\n    cutoff: 90",
            {"grades.A.quota": None},
            "\n    id: A\n    ? quota\n    : null\n    cutoff: 90",
        ),
        (
            "\n    id: A\n    ? cutoff\n    : 90",
            {"grades.A.quota": 4},
            "\n    id: A\n    ? cutoff\n    : 90\n    quota: 4",
        ),
        ("quota: 4\n    id: A\n    cutoff: 90", {"grades.A.quota": None}, "id: A\n    cutoff: 90"),
        (
            "quota: 4 # four\n    id: A\n    cutoff: 90",
            {"grades.A.quota": None},
            "quota: null # four\n    id: A\n    cutoff: 90",
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_styles_of_an_entry_by_hand(old, changes, new, end):
    grades = "grades:\n  - {0}\n  - {{id: B, cutoff: 0}} # last\n"
    head = "id: s\nname: s\nindicators: [{id: a, name: a, points: 100, rule: {kind: share}}]\n"
    before, after = ((head + grades.format(part)).replace("\n", end) for part in (old, new))
    scheme, found = written(before, changes)
    assert found == after
    check(before, scheme, found)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n# end\n", "  # end"])
def test_the_last_line_of_a_file(ending):
    """A mapping that ends with the file: its last entry goes, another one comes."""
    text = "id: s\nname: s\ngrades:\n- id: A\n  cutoff: 0\nindicators:\n"
    text += "- id: a\n  name: a\n  scales: false\n  rule: {kind: deduct, rate: 1}\n  points: 60\n"
    text += "- id: b\n  name: b\n  scales: true\n  rule: {kind: direct}\n  points: 40" + ending
    scheme, new = written(text, {"points.a": 50})
    check(text, scheme, new)
    assert "  points: 50\n  out_of: 60\n" in new
    comment = ending if ending.startswith(" ") else ""
    rest = ending.removeprefix(comment)
    assert new.endswith(f"  points: 50{comment}\n  out_of: 40{rest}")


def test_a_json_scheme_stays_json():
    data = parse_yaml(scheme_yaml(SCHEMES["helpers"]), "x").data
    changes = {"points.level": 5, "cutoffs.A": 91, "grades.B.quota": 5, "grades.A.quota": None}
    for indent, separators in ((2, None), ("\t", None), (None, None), (None, (",", ":"))):
        text = json.dumps(data, ensure_ascii=False, indent=indent, separators=separators)
        scheme, new = written(text, changes)
        check(text, scheme, new)
        assert (
            json.loads(new)["grades"][1]["quota"] == 5
            and "quota" not in json.loads(new)["grades"][0]
        )
        leaves = {x["id"]: x for x in json.loads(new)["indicators"]}
        assert leaves["level"]["points"] == 5
        if indent:
            assert len(new.splitlines()) > len(text.splitlines())  # entries on lines of their own


def test_what_rules_are_written_for_stands_beside_the_points():
    """A direct score out of 25, now of 30 points: scored out of 25 still; a share needs nothing."""
    text = changed(YAML, ("rule: {kind: deduct, rate: 0.5}", "rule: {kind: direct}"))
    scheme, new = written(text, {"points.check": 30})
    check(text, scheme, new)
    assert "points: 30, out_of: 25, scales: false" in new
    assert new.count("out_of") == 1  # none for shares
    again, newer = written(new, {"points.check": 20})
    assert again.indicator("check").written_for == 25 and newer.count("out_of: 25") == 1
    other = again.model_copy(
        update={
            "indicators": tuple(
                node.model_copy(update={"out_of": 50.0}) if node.id == "check" else node
                for node in again.indicators
            )
        }
    )
    assert "out_of: 50" in edited(newer, "x", other)
    none, zero = written(text, {"points.check": 0})
    check(text, none, zero)
    assert "points: 0, out_of: 25" in zero


def test_what_it_is_written_for_matters_where_scores_depend_on_it():
    """By the rule itself: lines for two numbers of points are the same, or are not."""
    import numpy as np

    seen = set()
    for scheme in SCHEMES.values():
        for leaf in scheme.leaves:
            rule, raw = leaf.leaf_rule, np.array([1.0, 2.0])
            if rule.is_of_words or rule.is_set_dependent:
                continue
            own = np.array([3.0, 3.0])
            lines = [rule.lines(raw, own, full, bool(leaf.scales)) for full in (7.0, 9.0)]
            differs = not np.array_equal(lines[0], lines[1])
            assert is_written_for_points(leaf) or not differs, leaf.id
            seen.add(differs)
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["city-2026", "provinces-2008"])
def test_a_copied_case_with_the_new_text_passes_check(name, tmp_path):
    import shutil

    from typer.testing import CliRunner

    from qtoolkit.runs.cli import app

    folder = shutil.copytree(f"params/{name}", tmp_path / name)
    path = folder / "scheme.yaml"
    text = path.read_bytes().decode("utf-8")
    old = read(text)
    first, best = old.leaves[0], old.grades[0]
    changes = {
        f"points.{first.id}": first.points * 0.9,
        f"cutoffs.{best.id}": best.cutoff - 0.5,
        f"grades.{best.id}.quota": 3,
    }
    _, new = written(text, changes)
    path.write_bytes(new.encode("utf-8"))
    done = CliRunner().invoke(app, ["check", str(folder)])
    assert done.exit_code == 0, done.output
    by_key = read_case(f"params/{name}", changes=changes)
    by_text = read_case(folder)
    import qtoolkit as qt

    one, two = (qt.assess(case.scheme, case.table) for case in (by_key, by_text))
    assert (one.scores == two.scores).all() and (one.grades == two.grades).all()


def test_other_schemes_are_refused():
    scheme = SCHEMES["helpers"]
    for other, word in (
        (change(scheme, {"rounding.total": 0}), "rounding"),
        (change(scheme, {"rule.brand": "minmax"}), "indicators"),
        (SCHEMES["params/city-2026/scheme.yaml"], "indicators"),
        (scheme.model_copy(update={"total": 200.0}), "total"),
        (scheme.model_copy(update={"id": "other"}), "id"),
    ):
        with pytest.raises(WorkError) as caught:
            edited(YAML, "scheme.yaml", other)
        for language in ("zh", "en"):
            assert word in caught.value.text.of(language)
            assert "scheme.yaml" in caught.value.text.of(language)


@pytest.mark.parametrize(
    "text", ["", "a: 1", "- 1", YAML.replace("points: 25", "points: &a 25"), YAML + "\n---\n"]
)
def test_texts_that_are_no_scheme(text):
    with pytest.raises(InputError):
        edited(text, "scheme.yaml", SCHEMES["helpers"])


def test_a_grade_by_place_takes_another_number_or_a_share_in_its_text():
    text = """id: s
name: 方案
indicators:
  - {id: a, name: 甲, points: 100, rule: {kind: share}}
grades:
  - {id: A, by: place, quota: 4}  # 前4名
  - {id: B, cutoff: 60}
  - {id: C, cutoff: 0}
"""
    scheme = validate(Scheme, parse_yaml(text, "s").data, "s")
    for quota, line in ((3, "by: place, quota: 3"), (0.3, "by: share, quota: 0.3")):
        new = edited(text, "s", change(scheme, {"grades.A.quota": quota, "cutoffs.B": 65}))
        assert new == text.replace("by: place, quota: 4", line).replace("cutoff: 60", "cutoff: 65")

"""Every kind of error that pydantic has for our models, as a sentence in both languages at the
right place."""

import pytest

from qtoolkit.inputs.parameters import parameters_of
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import dotted
from tests.inputs.helpers import YAML, changed, names, refused, row, scheme_of

LOSS = "rule: {kind: efficacy, unacceptable: 1, satisfactory: 0}"


@pytest.mark.parametrize(
    ("old", "new", "place", "zh", "en"),
    [
        # missing and unknown keys
        ("total: 100\n", "totl: 100\n", "totl", "是否应为“total”", "did you mean “total”"),
        ("id: s-1\n", "", "id", "缺少此项", "missing"),
        ("cutoff: 80", "cutof: 80", "grades.B.cutof", "“cutoff”", "“cutoff”"),
        ("cutoff: 80", "cutof: 80", "grades.B.cutoff", "缺少此项", "missing"),
        ("{zh: 方案, en: Scheme}", "{zh: 方案}", "name.en", "缺少此项", "missing"),
        (
            "{zh: 方案, en: Scheme}",
            "{zh: 方案, en: S, fr: S}",
            "name.fr",
            "没有这个键",
            "unknown key",
        ),
        (
            "satisfactory: 0}",
            "satisfactory: 0, bas: 0.5}",
            "indicators.quality.loss.rule.bas",
            "“base”",
            "“base”",
        ),
        ("rate: 0.5", "rat: 0.5", "indicators.check.rule.rat", "“rate”", "“rate”"),
        ("points: 60", "point: 60", "indicators.quality.point", "“points”", "“points”"),
        (
            "kind: target}",
            "kind: target, target: 1, flor: 1}",
            "indicators.goal.rule.flor",
            "“floor”",
            "“floor”",
        ),
        # rules
        ("rule: {kind: share}", "rule: {}", "indicators.quality.brand.rule", "kind", "kind"),
        (
            "rule: {kind: share}",
            "rule: {kind: shar}",
            "indicators.quality.brand.rule",
            "“share”",
            "“share”",
        ),
        (
            "rule: {kind: share}",
            "rule: share",
            "indicators.quality.brand.rule",
            "键: 值",
            "key: value",
        ),
        ("rule: {kind: share}", "rule: [share]", "indicators.quality.brand.rule", "列表", "a list"),
        (
            "kind: target}",
            "kind: target, target: -1}",
            "indicators.goal.rule.target",
            "大于 0",
            "above 0",
        ),
        (
            "kind: target}",
            "kind: target, target: x}",
            "indicators.goal.rule.target",
            "应为一个数字",
            "a number",
        ),
        (
            LOSS,
            "rule: {kind: efficacy, unacceptable: 1, satisfactory: 1}",
            "indicators.quality.loss.rule",
            "不能相等",
            "differ",
        ),
        (
            LOSS,
            "rule: {kind: efficacy, unacceptable: 1, satisfactory: 0, base: 1.5}",
            "indicators.quality.loss.rule.base",
            "不大于 1",
            "at most 1",
        ),
        (
            LOSS,
            "rule: {kind: goalposts, low: 1, high: 0}",
            "indicators.quality.loss.rule",
            "应小于",
            "below high",
        ),
        (
            LOSS,
            "rule: {kind: goalposts, low: 0, high: 1, direction: up}",
            "indicators.quality.loss.rule.direction",
            "“up”",
            "higher, lower",
        ),
        (
            LOSS,
            "rule: {kind: steps, table: []}",
            "indicators.quality.loss.rule.table",
            "至少有一项",
            "at least one",
        ),
        (
            LOSS,
            "rule: {kind: steps, table: {at: 1}}",
            "indicators.quality.loss.rule.table",
            "列表",
            "a list",
        ),
        (
            LOSS,
            "rule: {kind: steps, table: [{at: 2, share: 0}, {at: 1, share: 1}]}",
            "indicators.quality.loss.rule",
            "2、1",
            "2, 1",
        ),
        (
            LOSS,
            "rule: {kind: steps, table: [{at: 1, share: 2}]}",
            "indicators.quality.loss.rule.table.1.share",
            "不大于 1",
            "at most 1",
        ),
        (
            "{好: 1, 中: 0.6, 差: 0}",
            "{}",
            "indicators.level.rule.levels",
            "至少有一项",
            "at least one",
        ),
        (
            "{好: 1, 中: 0.6, 差: 0}",
            "{好: 2}",
            "indicators.level.rule.levels.好",
            "不大于 1",
            "at most 1",
        ),
        ("{好: 1, 中: 0.6, 差: 0}", "[好]", "indicators.level.rule.levels", "键: 值", "key: value"),
        # numbers, texts, flags, lists of the wrong type
        (
            "points: 60",
            "points: -60",
            "indicators.quality.points",
            "“-60”，应不小于 0",
            "“-60”, expected at least 0",
        ),
        (
            "points: 60",
            "points: sixty",
            "indicators.quality.points",
            "“sixty”，应为一个数字",
            "“sixty”, expected a number",
        ),
        (
            "points: 60",
            'points: "60"',
            "indicators.quality.points",
            "应为一个数字",
            "expected a number",
        ),
        (
            "points: 60",
            "points: true",
            "indicators.quality.points",
            "“true”，应为一个数字",
            "“true”, expected a number",
        ),
        (
            "points: 60",
            "points: .nan",
            "indicators.quality.points",
            "“nan”，应为一个数字",
            "“nan”, expected a number",
        ),
        (
            "points: 60",
            "points: .inf",
            "indicators.quality.points",
            "“inf”，应为一个数字",
            "“inf”, expected a number",
        ),
        ("points: 60", "points: 60%", "indicators.quality.points", "“60%”", "“60%”"),
        ("points: 60", "points: [60]", "indicators.quality.points", "“列表”", "“a list”"),
        ("points: 60", "points: " + "9" * 400, "indicators.quality.points", "一个数字", "a number"),
        ("total: 100", "total: 0", "total", "大于 0", "above 0"),
        ("id: s-1", "id: 5", "id", "应为文字", "expected text"),
        ("id: s-1", "id: 中文", "id", "连字符", "hyphens"),
        ("id: s-1", "id: " + "a" * 65, "id", "64", "64"),
        (
            "id: loss",
            "id: 1loss",
            "indicators.quality.1loss.id",
            "以字母开头",
            "a letter followed by",
        ),
        ("id: loss", 'id: "lo ss"', "indicators.quality.lo ss.id", "“lo ss”", "“lo ss”"),
        (
            "id: loss",
            'id: "loss\\n"',
            "indicators.quality.loss",
            "以字母开头",
            "a letter followed by",
        ),
        ('year: "2008"', "year: 2008.5", "year", "应为文字", "expected text"),
        ("name: 质量", "name: 5", "indicators.quality.name", "{zh: , en: }", "{zh: , en: }"),
        ("name: 质量", "name: [质量]", "indicators.quality.name", "列表", "a list"),
        (
            "name: 质量",
            "name: {zh: 5, en: x}",
            "indicators.quality.name.zh",
            "应为文字",
            "expected text",
        ),
        ("scales: false", "scales: 0", "indicators.check.scales", "true 或 false", "true or false"),
        (
            "scales: false",
            'scales: "false"',
            "indicators.check.scales",
            "true 或 false",
            "true or false",
        ),
        ("total: 100\n", "total: 100\nnotes: text\n", "notes", "应为列表", "expected a list"),
        (
            "total: 100\n",
            "total: 100\nsynthetic: 1\n",
            "synthetic",
            "true 或 false",
            "true or false",
        ),
        (
            "total: 100\n",
            "total: 100\nrank_on: publishd\n",
            "rank_on",
            "“published”",
            "“published”",
        ),
        (
            "total: 100\n",
            "total: 100\naggregation: mean\n",
            "aggregation",
            "arithmetic、geometric",
            "arithmetic, geometric",
        ),
        ("total: 100\n", "total: 100\nunits: 甲\n", "units", "应为列表", "expected a list"),
        ("total: 100\n", "total: 100\nunits: [1]\n", "units.1", "应为文字", "expected text"),
        ("total: 100\n", "total: 100\nmissing: fail\n", "missing", "键: 值", "key: value"),
        ("total: 100\n", "total: 100\nmissing: {blank: nil}\n", "missing.blank", "“nil”", "“nil”"),
        (
            "total: 100\n",
            "total: 100\nmissing: {pending: renormalize}\n",
            "missing.pending",
            "“renormalise”",
            "“renormalise”",
        ),
        (
            "total: 100\n",
            "total: 100\nrounding: {total: {decimals: 2.5}}\n",
            "rounding.total.decimals",
            "一个整数",
            "a whole number",
        ),
        (
            "total: 100\n",
            "total: 100\nrounding: {total: {decimals: 9}}\n",
            "rounding.total.decimals",
            "不大于 8",
            "at most 8",
        ),
        (
            "total: 100\n",
            "total: 100\nrounding: {total: {decimals: 1, mode: half_even}}\n",
            "rounding.total.mode",
            "half_up、floor",
            "half_up, floor",
        ),
        ("total: 100\n", "total: 100\norder: {veto: first}\n", "order.veto", "“first”", "“first”"),
        ("total: 100\n", "total: 100\ncap: -1\n", "cap", "大于 0", "above 0"),
        ("max: 3", "max: 0", "bonuses.media.max", "大于 0", "above 0"),
        ("kind: number", "kind: numbr", "covariates.gdp.kind", "“number”", "“number”"),
    ],
)
def test_scheme_errors(tmp_path, old, new, place, zh, en):
    text = changed(YAML, (old, new))
    found = refused(scheme_of, tmp_path, text)
    line = row(text, new.strip().split("\n")[-1]) if new else 1
    assert any(
        f"“{place}" in s and zh in s and s.startswith("scheme.yaml，第") for s in found[0]
    ), found
    assert any(f"“{place}" in s and en in s for s in found[1]), found
    assert any(f"第{line}行" in s for s in found[0]), (line, found)


@pytest.mark.parametrize("text", ["", "5", "text", "[1, 2]", "null"])
def test_no_mapping_at_all(tmp_path, text):
    names(refused(scheme_of, tmp_path, text), "scheme.yaml", ":")


def test_no_indicators_and_no_grades(tmp_path):
    found = refused(scheme_of, tmp_path, "id: s\nname: s\nindicators: []\ngrades: []\n")
    assert (
        names(found, "#3", "“indicators”") and names(found, "#4", "“grades”") and len(found[0]) == 2
    )


def test_all_complaints_of_a_scheme_come_together(tmp_path):
    text = changed(
        YAML,
        ("points: 20", "points: -20"),
        ("rate: 0.5", "rate: x"),
        ("max: 3", "mx: 3"),
        ("cutoff: 60", "cutoff: no_"),
    )
    found = refused(scheme_of, tmp_path, text)
    for part in ("loss.points", "check.rule.rate", "media.mx", "media.max", "C.cutoff"):
        assert any(part in s for s in found[0])


def test_a_hint_is_never_the_key_itself(tmp_path):
    """`cutoff` is a key of a grade, not of a scheme."""
    found = refused(scheme_of, tmp_path, YAML + "cutoff: 5\n")
    assert (
        "“cutoff”？" not in found[0][0]
        and "“cutoff”?" not in found[1][0]
        and "没有这个键" in found[0][0]
    )


def test_deeply_nested_indicators(tmp_path):
    leaf = {"id": "a", "name": "a", "points": 1, "rule": {"kind": "share"}}
    for i in range(400):
        leaf = {"id": f"n{i}", "name": "n", "children": [leaf]}
    zh, en = refused(parse, {"id": "s", "name": "s", "indicators": [leaf], "grades": []})
    assert zh and en


def parse(data):
    from qtoolkit.models import validate

    return validate(Scheme, data, "scheme.yaml")


def test_hostile_names_and_values_stay_on_one_line(tmp_path):
    row = YAML[: YAML.index("max: 3")].count("\n") + 1
    for hostile in (
        "=cmd|calc",
        "<script>alert(1)</script>",
        "{braces} {0} %s %d",
        "x\\ny\\r\\u2028z",
        "\\x1b[31m",
        "a" * 900,
    ):
        found = refused(scheme_of, tmp_path, changed(YAML, ("max: 3", f'"{hostile}": 3')))
        assert all(len(s) < 400 for s in (*found[0], *found[1]))
        assert any("bonuses.media" in s or f"第{row}行" in s for s in found[0])
        found = refused(scheme_of, tmp_path, changed(YAML, ("points: 60", f'points: "{hostile}"')))
        assert all(len(s) < 400 and "\x1b" not in s for s in (*found[0], *found[1]))


def test_dotted_places():
    data = {
        "indicators": [
            {
                "id": "q",
                "children": [{"id": "a", "rule": {"kind": "target", "target": 1}}, {"x": 1}],
            }
        ]
    }
    assert (
        dotted(("indicators", 0, "children", 0, "rule", "target"), data)
        == "indicators.q.a.rule.target"
    )
    assert dotted(("indicators", 0, "children", 1, "x"), data) == "indicators.q.2.x"
    assert dotted((), data) is None and dotted(("missing", 3, "z"), data) == "missing.3.z"


def test_parameters_have_the_same_sentences():
    found = refused(
        parameters_of,
        {
            "scheme": 5,
            "data": "",
            "seed": 1.5,
            "language": "fr",
            "changes": {"points.a": "x"},
            "notebooks": "01",
        },
    )
    assert len(found[0]) == 6
    for place in ("scheme", "data", "seed", "language", "changes.points.a", "notebooks"):
        assert names(found, f"“{place}”")

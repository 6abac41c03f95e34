"""What each check says, and what the scheme makes of it."""

import json

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.checks import CHECKS, Checks
from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.numbertext import plain_name
from qtoolkit.inputs.scheme import Scheme, read_scheme
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.inputs.slips import is_total
from qtoolkit.inputs.table import read_table
from qtoolkit.language import Text
from qtoolkit.report.scheme import units
from qtoolkit.workbooks.schemebook import read_scheme_book
from qtoolkit.workbooks.template import write_template
from tests.strategies import scheme_of

RATES = [97.1, 98.3, 97.5, 97.4, 96.3, 96.4, 97.7, 96.9]
RULES = {
    "deduct": {"rate": 0.5, "target": 98.0},
    "deduct_own": {"rate": 0.5, "own_target": True},
    "target": {},
    "base_plus": {"base": 0.6, "gain": 0.1},
    "goalposts": {"low": 60.0, "high": 100.0},
    "efficacy": {"unacceptable": 60.0, "satisfactory": 100.0},
    "minmax": {},
    "rank": {},
    "zscore": {"center": 0.6, "spread": 0.15},
    "steps": {"table": [{"at": 90.0, "share": 1.0}]},
}


def scheme(rule, unit=None, **more):
    leaf = {
        "id": "x",
        "name": {"zh": "合格率", "en": "pass rate"},
        "points": 100.0,
        "rule": rule,
        "scales": True,
    }
    leaf |= {"unit": unit} if unit else {}
    grades = [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 0.0}]
    return scheme_of({"id": "s", "name": "s", "indicators": [leaf], "grades": grades} | more)


def frame(values, **columns):
    return pd.DataFrame({"x": values} | columns, index=[f"县{k}" for k in range(len(values))])


def doubts(scheme, data):
    flags = qt.assess(scheme, data).flags
    return flags[flags.kind.isin(CHECKS)]


@pytest.mark.parametrize("unit", ["%", "分", None])
@pytest.mark.parametrize("typed", [9710, 971, 0.971, -97.1])
@pytest.mark.parametrize("kind", RULES)
def test_no_rule_lets_a_slip_pass(kind, typed, unit):
    """97.1 typed as 9710, 971, 0.971 or −97.1: the unit and the indicator are named, the sound
    column is left alone."""
    kind, rule = kind.removesuffix("_own"), {"kind": kind.removesuffix("_own"), **RULES[kind]}
    own = {"deduct": "target:x", "target": "target:x", "base_plus": "base:x"}.get(kind)
    more = {own: [97.0] * 8} if own and "target" not in rule else {}
    assert doubts(scheme(rule, unit), frame(RATES, **more)).empty
    found = doubts(scheme(rule, unit), frame([typed, *RATES[1:]], **more))
    assert found["unit"].tolist() == ["县0"] and found["indicator"].tolist() == ["x"]
    text = found["text"].iloc[0]
    assert (
        "县0" in text.zh
        and f"{typed:.10g}" in text.zh
        and "合格率" in text.zh
        and "pass rate" in text.en
    )


@pytest.mark.parametrize("level", ["error", "flag", "off"])
def test_the_scheme_says_what_follows(level):
    given = scheme({"kind": "deduct", "rate": 1.0, "target": 98.0}, "%", checks={"percent": level})
    data = frame([197.1, *RATES[1:]])
    if level == "error":
        with pytest.raises(qt.InputError) as refused:
            qt.assess(given, data)
        (sentence,) = refused.value.sentences("zh")
        assert (
            sentence.startswith("DataFrame，第1行，“x”：")
            and "197.1" in sentence
            and "0至100" in sentence
        )
        assert "将 percent 定为 flag" in sentence
    else:
        assert doubts(given, data)["kind"].tolist() == ["percent"] * (level == "flag")


def test_an_error_names_file_row_and_column(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(
        "unit,x\n" + "".join(f"县{k},{x}\n" for k, x in enumerate([*RATES, 9710])), encoding="utf-8"
    )
    with pytest.raises(qt.InputError) as refused:
        read_table(path, scheme({"kind": "minmax"}, checks={"size": "error"}))
    (complaint,) = refused.value.complaints
    assert (complaint.file, complaint.row, complaint.column) == ("d.csv", 10, "x")


def test_flags_stand_in_the_data_chapter():
    result = qt.assess(
        scheme({"kind": "deduct", "rate": 1.0, "target": 98.0}), frame([9710, *RATES[1:]])
    )
    said = [block.text for block in units(result) if hasattr(block, "text")]
    assert any("县0 9710" in text.zh for text in said) and any(
        "县0 9710" in text.en for text in said
    )
    assert not any("数据齐全" in text.zh for text in said)


def test_a_row_of_sums_is_known_by_its_numbers_too():
    """Of three columns: 本级 has the means of all others; of two columns nobody can say."""
    leaves = [
        {"id": id, "name": id, "points": 20.0, "rule": {"kind": "minmax"}, "scales": True}
        for id in "abcde"
    ]
    grades = [{"id": "A", "cutoff": 0.0}]
    given = scheme_of({"id": "s", "name": "s", "indicators": leaves, "grades": grades})
    data = pd.DataFrame(
        {id: [10.0, 20, 40, 10, 30 + i] for i, id in enumerate("abcde")}, index=list("甲乙丙丁戊")
    )
    assert doubts(given, data).empty
    for how in ("mean", "sum"):
        with pytest.raises(qt.InputError, match="本级"):
            qt.assess(given, pd.concat([data, getattr(data, how)().rename("本级").to_frame().T]))


@pytest.mark.parametrize(
    "name",
    ["合计", "总 计", "平均值：", "全省", "中片小计", "TOTAL", "Grand total", "Ａverage", "均值"],
)
def test_names_of_totals(name):
    assert is_total(name)


@pytest.mark.parametrize(
    "name", ["平均县", "全椒县", "全州县", "总部", "合计镇", "Summit", "Allentown", "Meana", "平"]
)
def test_names_of_units(name):
    assert not is_total(name)


@pytest.mark.parametrize(
    "name",
    ["丁 市", "丁市\u200b", "\u3000丁市", "丁\u00ad市", "丁\u2060市", "\ufeff丁市", "丁\t市"],
)
def test_names_that_the_eye_takes_for_one(name):
    assert plain_name(name) == "丁市"
    with pytest.raises(qt.InputError, match="丁"):
        qt.assess(
            scheme({"kind": "minmax"}),
            pd.DataFrame({"x": [1.0, 2.0]}, index=["丁市", name + "\u200b"]),
        )


def test_rates_of_growth_and_plans_may_pass_0_and_100():
    for name, values in (
        ("增长率", [5.1, -3, 8, 2.4, 130, 1]),
        ("计划完成率", [99.0, 104, 120.5, 87, 101, 96]),
    ):
        given = scheme({"kind": "minmax"}, "%")
        leaf = given.leaves[0].model_copy(update={"name": Text(name, name)})
        assert doubts(given.model_copy(update={"indicators": (leaf,)}), frame(values)).empty


def test_dates_periods_and_past_grades():
    more = {
        "vetoes": [{"id": "v", "name": "v", "cap": "B"}],
        "checks": {"date": "flag"},
        "period": "2025年7月1日至2026年6月30日",
    }
    given = scheme({"kind": "minmax"}, **more)
    dates = [
        "2026-02-30",
        "三月",
        "2027年1月",
        "20260318",
        None,
        "2025-07-01",
        "2026.6.30",
        "2026年6月",
    ]
    columns = {"veto:v": [date is not None for date in dates], "date:v": dates}
    found = doubts(
        given, frame(RATES, **columns, **{"grade:2025": [*"AB", "B级", "Ｂ", "C", "", None, "优"]})
    )
    said = [
        [kind, None if pd.isna(unit) else unit] for kind, unit in found[["kind", "unit"]].values
    ]
    assert said == [["past_grade", None], ["date", "县0"], ["date", "县1"], ["period", "县2"]]
    assert "县4“C”" in found["text"].iloc[0].zh and "县7“优”" in found["text"].iloc[0].zh


def test_a_date_without_its_year_is_neither_in_nor_out_of_the_period():
    more = {"vetoes": [{"id": "v", "name": "v", "cap": "B"}], "period": "2026年1月1日至12月31日"}
    dates = ["3月5日", "5 March", "3月5日、2027年1月6日", None]
    columns = {"veto:v": [date is not None for date in dates], "date:v": dates}
    found = doubts(scheme({"kind": "minmax"}, **more), frame(RATES[: len(dates)], **columns))
    assert found[["kind", "unit"]].values.tolist() == [["period", "县2"]]


def test_the_key_goes_through_schema_workbook_and_yaml(tmp_path):
    plain = scheme({"kind": "minmax"})
    assert plain.checks == Checks() and "checks" not in scheme_yaml(plain)
    given = scheme(
        {"kind": "minmax"}, checks={"size": "off", "percent": "error", "total_row": "flag"}
    )
    (tmp_path / "s.yaml").write_text(scheme_yaml(given), encoding="utf-8")
    assert read_scheme(tmp_path / "s.yaml") == given
    write_template(given, tmp_path / "s.xlsx")
    assert read_scheme_book(tmp_path / "s.xlsx") == given
    schema = json.dumps(Scheme.model_json_schema())
    assert (
        all(f'"{name}"' in schema for name in CHECKS)
        and '"enum": ["error", "flag", "off"]' in schema
    )


@pytest.mark.parametrize(
    ("checks", "words"),
    [({"sizes": "off"}, "size"), ({"size": "warn"}, "flag"), ({"size": True}, "flag")],
)
def test_unknown_checks_and_levels_are_refused_with_the_nearest(checks, words):
    with pytest.raises(qt.InputError, match=words):
        scheme({"kind": "minmax"}, checks=checks)


def test_a_plain_off_in_yaml_is_refused_with_what_to_write(tmp_path):
    """YAML 1.1 reads off as false, 1.2 as a word."""
    text = scheme_yaml(scheme({"kind": "minmax"})) + "checks: {size: off}\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(qt.InputError, match="引号"):
        read_scheme(tmp_path / "s.yaml")
    (tmp_path / "s.yaml").write_text(text.replace(": off", ': "off"'), encoding="utf-8")
    assert read_scheme(tmp_path / "s.yaml").checks.size == "off"


def test_a_csv_hides_nothing(tmp_path):
    (tmp_path / "d.csv").write_text("unit,x\n甲,1\n", encoding="utf-8")
    assert not read_rows(tmp_path / "d.csv").hidden.units

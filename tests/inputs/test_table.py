"""Tables of data: each doubtful cell is named by file, row and column, with what was found and what
was expected."""

import datetime
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.statuses import NOT_APPLICABLE, NOT_REPORTED, PENDING, VALUE, ZERO
from qtoolkit.inputs.table import read_table, table_of_frame
from qtoolkit.models import validate
from qtoolkit.report import comparison as views
from tests.inputs.helpers import CSV, HEADER, YAML, changed, names, refused, scheme_of


def read(tmp_path, text=CSV, scheme=YAML):
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, scheme_of(tmp_path, scheme))


def test_a_sound_table(tmp_path):
    table = read(tmp_path)
    assert table.units == ("甲市", "乙市") and [label.en for label in table.labels] == [
        "City A",
        "City B",
    ]
    assert table.raw.tolist() == [[0.5, 1.0, 2.0, "好", 10.0], [0.2, 0.5, 0.0, "差", 20.0]]
    assert (table.status == VALUE).all() and table.targets[:, 4].tolist() == [20, 20]
    assert table.vetoes.tolist() == [[True], [False]] and table.bonuses.tolist() == [[1], [0]]
    assert table.covariates["region"].tolist() == ["东", "西"] and table.covariates[
        "gdp"
    ].tolist() == [100, 90.5]


def test_headers_by_name_and_blanks_around_cells(tmp_path):
    text = changed(
        CSV,
        (",loss,", ", 损失率 ,"),
        (",brand,", ",Brands,"),
        ("unit,", "考核对象,"),
        ("甲市,", "　甲市 ,"),
        (",gdp,", ",生产总值,"),
    )
    assert read(tmp_path, text).raw.tolist() == read(tmp_path).raw.tolist()


FIRST = "甲市,City A,东,100,0.5,1,2,好,10,20,,是,1"


def cell(**cells):
    """The first row with other cells."""
    row = dict(zip(HEADER.split(","), FIRST.split(","), strict=True))
    row |= {key.replace("__", ":"): value for key, value in cells.items()}
    return changed(CSV, (FIRST, ",".join(row.values())))


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        ({"loss": "abc"}, ["“loss”", "“abc”"]),
        ({"loss": "NaN"}, ["“loss”", "“NaN”"]),
        ({"loss": "Inf"}, ["“loss”", "“Inf”"]),
        ({"loss": "-"}, ["“loss”", "“-”"]),
        ({"loss": '"1,234"'}, ["“loss”", "“1,234”"]),
        ({"loss": "#DIV/0!"}, ["“loss”", "“#DIV/0!”"]),
        ({"loss": "2024-01-02"}, ["“loss”", "“2024-01-02”"]),
        ({"loss": "TRUE"}, ["“loss”", "“TRUE”"]),
        ({"loss": "0.5\u200b"}, ["“loss”", r"0.5\u200b"]),
        ({"loss": '"0.5\n0.6"'}, ["“loss”", r"0.5\n0.6"]),
        ({"loss": "=cmd|x"}, ["“loss”", "“=cmd|x”"]),
        ({"loss": "{x} %s <script>"}, ["“loss”", "“{x} %s <script>”"]),
        ({"brand": "80%"}, ["“brand”", "“80%”"]),
        ({"brand": "1.5"}, ["“brand”", "“1.5”", "1"]),
        ({"brand": "-0.1"}, ["“brand”", "“-0.1”", "0"]),
        ({"check": "-2"}, ["“check”", "“-2”", "0"]),
        ({"level": "优"}, ["“level”", "“优”", "好"]),
        ({"level": "<script>"}, ["“level”", "“<script>”"]),
        ({"goal": ""}, ["“goal”"]),
        ({"target__goal": ""}, ["“target:goal”"]),
        ({"target__goal": "0"}, ["“target:goal”", "“0”"]),
        ({"target__goal": "-5"}, ["“target:goal”", "“-5”"]),
        ({"target__goal": "x"}, ["“target:goal”", "“x”"]),
        ({"status__brand": "不适 用"}, ["“status:brand”", "“不适 用”"]),
        ({"status__brand": "不适用"}, ["“brand”", "“1”"]),
        ({"brand": "待核实", "status__brand": "不适用"}, ["“brand”"]),
        ({"veto__safety": "maybe"}, ["“veto:safety”", "“maybe”"]),
        ({"veto__safety": "2"}, ["“veto:safety”", "“2”"]),
        ({"bonus__media": "3.5"}, ["“bonus:media”", "“3.5”", "3"]),
        ({"bonus__media": "-1"}, ["“bonus:media”", "“-1”", "0"]),
        ({"bonus__media": "x"}, ["“bonus:media”", "“x”"]),
        ({"gdp": "大"}, ["“gdp”", "“大”"]),
        ({"region": "#REF!"}, ["“region”", "“#REF!”"]),
        ({"unit": ""}, ["“unit”"]),
        ({"unit": "#N/A"}, ["“unit”", "“#N/A”"]),
    ],
)
def test_a_bad_cell_is_named_with_row_and_column(tmp_path, cells, parts):
    found = refused(read, tmp_path, cell(**cells))
    assert names(found, "data.csv", "#2", *parts) and len(found[0]) == 1


@pytest.mark.parametrize("word", ["０．５", "0.5%", " 0.5 % ", "０．５％"])
def test_full_width_digits_and_percent_of_a_percent_indicator(tmp_path, word):
    assert read(tmp_path, cell(loss=word)).raw[0, 0] == 0.5


def test_duplicate_units_and_the_list_of_units(tmp_path):
    names(
        refused(read, tmp_path, changed(CSV, ("乙市,", "甲市 ,"))),
        "data.csv",
        "#3",
        "“unit”",
        "“甲市”",
        "2",
    )
    scheme = changed(YAML, ("total: 100\n", "total: 100\nunits: [甲市, 乙市区, 丙市]\n"))
    found = refused(read, tmp_path, CSV, scheme)
    assert names(found, "#3", "“unit”", "“乙市”", "“乙市区”") and names(found, "data.csv", "丙市")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("loss,brand", "los,brand", ["“los”", "“loss”"]),
        (",gdp,", ",GPD,", ["“GPD”", "“GDP”"]),
        ("unit,", "city,", ["“city”"]),
        ("unit,", "city,", ["unit"]),
        (",check,", ",loss2,", ["“loss2”", "“loss”"]),
        ("target:goal", "target:gaol", ["“target:gaol”", "“target:goal”"]),
        ("veto:safety", "veto:safty", ["“veto:safty”", "“veto:safety”"]),
        ("status:brand", "statu:brand", ["“statu:brand”"]),
        (",gdp,", ",损失率,", ["“loss”"]),
        ("target:goal", "target:loss", ["“target:loss”", "efficacy"]),
        ("target:goal", "bonus:media2", ["“bonus:media2”"]),
        (",gdp,", ",=1+1,", ["“=1+1”"]),
    ],
)
def test_headers_that_are_not_understood(tmp_path, old, new, parts):
    found = refused(read, tmp_path, changed(CSV, (old, new)))
    assert names(found, "data.csv", "#1", *(part for part in parts if part))


def test_header_and_cell_complaints_come_together(tmp_path):
    text = changed(cell(brand="x", goal="y", unit=""), (",gdp,", ",gpd,"), (",check,", ",chekc,"))
    found = refused(read, tmp_path, text)
    for part in ("“gpd”", "“chekc”", "check（抽查）", "“brand”", "“goal”", "“unit”"):
        assert any(part in s for s in found[0]), (part, found[0])


def test_two_indicators_of_the_same_name_want_their_ids(tmp_path):
    scheme = changed(YAML, ("{zh: 品牌, en: Brands}", "{zh: 损失率, en: Loss}"))
    assert read(tmp_path, CSV, scheme).units
    names(
        refused(read, tmp_path, changed(CSV, (",loss,", ",损失率,")), scheme),
        "#1",
        "“损失率”",
        "loss",
        "brand",
    )


def test_statuses_in_cells_and_columns(tmp_path):
    words = {
        "不适用": NOT_APPLICABLE,
        "未报送": NOT_REPORTED,
        "pending": PENDING,
        " 零分 ": ZERO,
        "not_applicable": NOT_APPLICABLE,
    }
    for word, code in words.items():
        assert read(tmp_path, cell(loss=word)).status[0, 0] == code
        assert read(tmp_path, cell(brand="", status__brand=word)).status[0, 1] == code
        assert read(tmp_path, cell(brand=word, status__brand=word)).status[0, 1] == code
    assert read(tmp_path, cell(loss="不适用")).raw[0, 0] is None


@pytest.mark.parametrize("meaning", ["not_applicable", "not_reported", "pending", "zero", "fail"])
def test_an_unmarked_blank_means_what_the_scheme_says(tmp_path, meaning):
    scheme = YAML + f"missing: {{blank: {meaning}}}\n"
    if meaning == "fail":
        found = refused(read, tmp_path, cell(loss="", goal=" "), scheme)
        assert names(found, "#2", "“loss”") and names(found, "#2", "“goal”") and len(found[0]) == 2
        assert all(word in found[0][0] for word in ("不适用", "未报送", "待核实", "零分"))
    else:
        table = read(tmp_path, cell(loss=""), scheme)
        assert table.status[0, 0] == [
            "value",
            "not_applicable",
            "not_reported",
            "pending",
            "zero",
        ].index(meaning)
    leaf = changed(scheme, ('unit: "%"', 'unit: "%", missing: {blank: zero}'))
    assert read(tmp_path, cell(loss=""), leaf).status[0, 0] == ZERO


def test_units_without_any_data(tmp_path):
    text = CSV + "丙市,,,,,,,,,,,,\n"
    scheme = YAML + "missing: {blank: not_reported, not_reported: zero}\n"
    names(refused(read, tmp_path, text, scheme), "data.csv", "#4", "no_data: exclude")
    scheme = changed(scheme, ("blank: not_reported,", "no_data: exclude, blank: not_reported,"))
    table = read(tmp_path, text, scheme)
    assert table.units == ("甲市", "乙市") and [label.zh for label in table.excluded] == ["丙市"]
    assert (
        table.raw.shape == table.status.shape == table.targets.shape == (2, 5)
        and len(table.covariates) == 2
    )
    empty = HEADER + "\n丙市,,,,,,,,,,,,\n"
    names(refused(read, tmp_path, empty, scheme), "data.csv")


def test_targets_from_the_rule(tmp_path):
    text = "\n".join(
        line.replace(",10,20,", ",10,").replace(",20,20,", ",20,").replace(",target:goal", "")
        for line in CSV.splitlines()
    )
    found = refused(read, tmp_path, text)
    assert names(found, "#1", "“target:goal”") and len(found[0]) == 1  # once, not once a unit
    assert np.isnan(
        read(
            tmp_path, text, changed(YAML, ("{kind: target}", "{kind: target, target: 20}"))
        ).targets
    ).all()


def test_hostile_names_of_units_are_kept_as_text(tmp_path):
    for name in (
        "=cmd|calc",
        "<script>",
        "{braces}",
        "%s",
        '"two\nlines"',
        "'; drop",
        "长" * 2000,
        "甲,".replace(",", "，"),
    ):
        assert read(tmp_path, cell(unit=name)).units[0] == name.strip('"')
    found = refused(
        read, tmp_path, cell(unit='"two\nlines"', loss="x") + '"two\nlines",,,,,,,,,,,,\n'
    )
    assert names(found, r"two\nlines") and all(len(s) < 400 for s in found[0])


def test_level_names_that_are_numbers(tmp_path):
    scheme = changed(YAML, ("{好: 1, 中: 0.6, 差: 0}", '{"1": 1, "2": 0.6, 差: 0}'))
    assert read(tmp_path, cell(level="2"), scheme).raw[0, 3] == "2"
    frame = pd.read_csv(tmp_path / "data.csv", dtype={"level": object}).assign(level=[2.0, 1])
    assert table_of_frame(frame.drop(columns="status:brand"), scheme_of(tmp_path, scheme)).raw[
        :, 3
    ].tolist() == [
        "2",
        "1",
    ]


# DataFrames


def flat(**rules):
    return Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})


def test_frames_with_ints_numpy_types_and_extension_types():
    for values in (
        [0, 1],
        np.array([0, 1], np.int8),
        np.array([0, 1], np.float32),
        pd.array([0, 1], dtype="Int64"),
        [Decimal("0"), Decimal("1")],
        pd.array([0.0, 1.0], dtype="Float64"),
        [np.int64(0), np.float64(1)],
        ["0", "1"],
        pd.array(["0", "1"], dtype="string"),
    ):
        frame = pd.DataFrame({"a": values, "b": [0.5, 0.25]}, index=["甲", "乙"])
        assert table_of_frame(frame, flat()).raw.tolist() == [[0, 0.5], [1, 0.25]]
        assert table_of_frame(frame.rename_axis("x").reset_index(names="unit"), flat()).units == (
            "甲",
            "乙",
        )


@pytest.mark.parametrize("blank", [np.nan, None, pd.NA, pd.NaT, Decimal("nan"), "", " "])
def test_what_pandas_takes_for_missing_is_a_blank(blank):
    frame = pd.DataFrame({"a": pd.Series([blank, 1], dtype=object), "b": [1, 1]}).set_axis(
        ["甲", "乙"]
    )
    names(refused(table_of_frame, frame, flat()), "DataFrame", "#1", "“a”")


@pytest.mark.parametrize(
    "bad",
    [
        np.inf,
        -np.inf,
        True,
        np.True_,
        "x",
        pd.Timestamp("2024-01-02"),
        datetime.timedelta(1),
        10**400,
        [1],
        {},
        1j,
        math.pi,
    ],
)
def test_bad_cells_of_frames(bad):
    frame = pd.DataFrame({"a": pd.Series([1, bad], dtype=object), "b": [1, 1]}).set_axis(
        ["甲", "乙"]
    )
    names(refused(table_of_frame, frame, flat()), "DataFrame", "#2", "“a”", f"“{str(bad)[:4]}")


def test_odd_frames():
    values = {"a": [1, 0.5], "b": [1, 1]}
    assert table_of_frame(pd.DataFrame(values), flat()).units == ("0", "1")
    assert table_of_frame(
        pd.DataFrame(values, index=pd.MultiIndex.from_tuples([("甲", 1), ("乙", 2)])), flat()
    ).units == ("甲 1", "乙 2")
    assert table_of_frame(
        pd.DataFrame(values, index=pd.Index(["甲", "乙"], name="a")), flat()
    ).units == ("甲", "乙")
    names(refused(table_of_frame, pd.DataFrame(values, index=["甲", "甲"]), flat()), "#2", "“甲”")
    names(refused(table_of_frame, pd.DataFrame(values, index=["甲", None]), flat()), "#2", "“unit”")
    for frame in (
        pd.DataFrame(),
        pd.DataFrame(values)[:0],
        pd.DataFrame({"a": [1]}, index=["甲"]),
        pd.DataFrame({1: [1], "b": [2]}),
    ):
        refused(table_of_frame, frame, flat())
    double = pd.DataFrame([[1, 1, 1]], columns=["a", "b", "b"], index=["甲"])
    names(refused(table_of_frame, double, flat()), "DataFrame", "“b”")


def test_3000_units_by_100_leaves_are_read_as_they_stand(tmp_path):
    points = {f"x{j}": 1 for j in range(100)}
    scheme = Scheme.flat(points, {"A": 0})
    values = np.random.default_rng(0).random((3000, 100)).round(4)
    path = tmp_path / "big.csv"
    pd.DataFrame(values, columns=list(points), index=[f"县{i}" for i in range(3000)]).to_csv(
        path, index_label="unit"
    )
    table = read_table(path, scheme)
    assert (table.raw.astype(float) == values).all()


def test_thousands_of_unknown_units_are_all_named():
    scheme = Scheme.flat({"a": 1}, {"A": 0}).model_copy(
        update={"units": tuple(f"county {i}" for i in range(2844))}
    )
    frame = pd.DataFrame({"a": [1.0] * 2844}, index=[f"County {i} x" for i in range(2844)])
    zh, _ = refused(table_of_frame, frame, scheme)
    assert len(zh) == 2845 and len(zh[-1]) < 500


def test_a_scheme_with_a_veto_needs_its_column_which_may_be_empty(tmp_path):
    without = CSV.replace(",veto:safety", "").replace(",是,1", ",1").replace(",,,\n", ",,\n")
    assert "veto" not in without and without.count(",") == CSV.count(",") - 3
    names(refused(read, tmp_path, without), "data.csv", "#1", "veto:safety", "安全")
    frame = pd.DataFrame({"a": [1.0, 0.5]}, index=["甲", "乙"])
    data = Scheme.flat({"a": 100}, {"A": 90, "B": 0}).model_dump()
    scheme = validate(Scheme, data | {"vetoes": [{"id": "v", "name": "事故", "cap": "B"}]}, None)
    names(refused(table_of_frame, frame, scheme), "DataFrame", "veto:v")
    assert not table_of_frame(frame.assign(**{"veto:v": None}), scheme).vetoes.any()
    marked = validate(
        Scheme,
        data | {"vetoes": [{"id": "v", "name": "造假", "cap": "B", "falsified": True}]},
        None,
    )
    # struck by marks in the cells: no column is needed
    assert not table_of_frame(frame, marked).vetoes.any()


def test_labels_that_are_numbers_name_their_units():
    """A frame with integer labels: the units are called “0”, “1”, …, and either form of the name is
    understood."""
    frame = pd.DataFrame({"a": [1.0, 0.5, 0.91], "b": [0.5, 0.9, 0.9]}, index=[0, 1, 2])
    result = qt.assess(Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), frame)
    found = qt.robustness.tolerance(result)
    side = next(
        side for side, points in found.witnesses.items() if points.notna().all(axis=1).any()
    )
    unit = found.witnesses[side].dropna().index[0]
    assert found.witness(int(unit), side).tolist() == found.witness(unit, side).tolist()
    names(refused(found.witness, 7, side), "“7”")
    assert (
        result.without(1).scores.index.tolist()
        == ["0", "2"]
        == result.without("1").scores.index.tolist()
    )
    names(refused(result.without, 11), "“11”", "“1”")
    one, two = (
        qt.cutoffs.misgrading(result, {kind(i): i + 1.0 for i in range(3)}) for kind in (int, str)
    )
    assert one.table.equals(two.table)
    names(refused(qt.cutoffs.misgrading, result, {3: 1.0}), "“3”")
    errors = pd.DataFrame(0.1, index=range(3), columns=["a", "b"])
    one, two = (
        qt.simulation.simulate(result, draws=50, errors=table)
        for table in (errors, errors.rename(str))
    )
    assert one.rank_acceptability.equals(two.rank_acceptability)
    comparison = qt.comparison.compare(result, qt.assess(result.scheme, frame / 2))
    assert len(views.parts(comparison, 1)) == len(views.parts(comparison, "1"))
    names(refused(views.parts, comparison, 5), "“5”")
    rounds = pd.DataFrame({2019: ["A", "B"], 2020: ["A", "A"]}, index=[1, 2])
    assert qt.comparison.history(rounds).always("A") == ["1"]

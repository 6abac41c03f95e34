"""Every limit: just inside it an input is read, just beyond it refused in one sentence; scores stay
within whole ticks."""

import itertools
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit import limits
from qtoolkit.assessment import assess
from qtoolkit.engine.ticks import PER_POINT, UNREACHABLE
from qtoolkit.errors import MOST_COMPLAINTS, InputError
from qtoolkit.inputs.files import read_bytes, read_rows
from qtoolkit.inputs.numbertext import parse_number
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.models import validate
from tests.examples import share
from tests.hostile.helpers import SOUND, sheet, workbook
from tests.inputs.helpers import CSV, YAML, changed, names, refused, scheme_of

BEYOND_POINTS = [
    ("total: 100", "total: 8000000000", "total"),
    ("points: 20, unit", "points: 8000000000, unit", "points"),
    ("cutoff: 90", "cutoff: 1000000000000", "cutoff"),
    ("max: 3", "max: 1.0e+300", "media"),
    ("total: 100", "total: 100\ncap: 9.3e+18", "cap"),
    ("total: 100", "total: 100\nfloor: 10001.0", "floor"),
    ("total: 100", "total: 100\nbonus_cap: 10001", "bonus_cap"),
    ("total: 100", "total: 100\ndeduction_cap: 10001", "deduction_cap"),
    ("total: 100", "total: 100\nconversion: {name: c, points: 10001}", "conversion"),
    ("scales: false", "scales: false, out_of: 10001", "out_of"),
    ("rate: 0.5", "rate: 1.0e+16", "rate"),
    ("rate: 0.5", "rate: 0.5, per: 1.0e-200", "per"),
    ("unacceptable: 1", "unacceptable: -1.0e+300", "unacceptable"),
]


@pytest.mark.parametrize(("old", "new", "word"), BEYOND_POINTS)
def test_a_number_of_the_scheme_beyond_what_scores_can_hold(tmp_path, old, new, word):
    """13 places in which a scheme may have a number that would leave int64 ticks or finite
    floats."""
    zh, en = refused(scheme_of, tmp_path, changed(YAML, (old, new)))
    assert any("scheme.yaml" in s and word in s and "应" in s for s in zh) and any(
        "expected" in s for s in en
    )


def test_a_total_at_the_limit_scores_as_on_paper():
    """Total 10,000 with ten leaves, each share a multiple of 1/1,000: sums on paper are multiples
    of one point."""
    scheme = Scheme.flat({f"x{i}": limits.POINTS / 10 for i in range(10)}, {"A": 9000.0, "B": 0})
    rows = [[(i * j % 1000) / 1000 for i in range(10)] for j in range(1, 500)]
    result = assess(scheme, pd.DataFrame(rows, columns=[f"x{i}" for i in range(10)]))
    paper = [sum(i * j % 1000 for i in range(10)) for j in range(1, 500)]
    assert result.base.tolist() == [p * PER_POINT for p in paper]
    assert (result.grades == "A").tolist() == [p >= 9000 for p in paper]


def test_growth_by_rounding_at_the_deepest_tree_stays_within_a_threshold():
    """2^(levels + 1) times the largest total, with all bonuses, in ticks: closed form."""
    most = limits.POINTS * (2 ** (limits.LEVELS + 1) + 1) * PER_POINT
    assert most < UNREACHABLE and 2 * most < 2**63


def nested(levels, total):
    node = {"id": "leaf", "name": "leaf", "points": total, "rule": {"kind": "share"}}
    for level in range(levels - 1):
        node = {"id": f"n{level}", "name": "n", "children": [node]}
    return {
        "id": "s",
        "name": "s",
        "total": total,
        "indicators": [node],
        "rounding": {stage: {"decimals": 0} for stage in ("leaf", "node", "total")},
        "grades": [{"id": "A", "cutoff": total * 0.75}, {"id": "B", "cutoff": 0.0}],
    }


def test_levels_of_indicators():
    for total in (1.0, float(limits.POINTS)):
        result = assess(
            validate(Scheme, nested(limits.LEVELS, total), None),
            pd.DataFrame({"leaf": [0.75, 0.25]}),
        )
        assert result.scores.tolist() == [math.floor(total * s + 0.5) for s in (0.75, 0.25)]
        assert result.grades.tolist() == ["A", "B"]
    names(
        refused(validate, Scheme, nested(limits.LEVELS + 1, 1.0), "s.yaml"),
        "s.yaml",
        "leaf",
        "13",
        "12",
    )


def test_all_bonuses_together():
    bonuses = [{"id": f"b{i}", "name": "b", "max": 5000.5} for i in range(2)]
    names(
        refused(validate, Scheme, nested(1, 1.0) | {"bonuses": bonuses}, "s.yaml"),
        "bonuses",
        "10001",
        "10,000",
    )


def test_grades_and_vetoes_beyond_eight_bits():
    """101 grades are refused; 100 vetoes that each take off two of three grades take off two, not
    −56."""
    many = [{"id": f"g{i}", "cutoff": float(100 - i)} for i in range(101)]
    names(
        refused(validate, Scheme, nested(1, 1.0) | {"grades": many}, "s.yaml"),
        "grades",
        "101",
        "100",
    )
    vetoes = [{"id": f"v{i}", "name": "v", "lower": 2} for i in range(100)]
    grades = [{"id": g, "cutoff": c} for g, c in (("A", 0.9), ("B", 0.5), ("C", 0.0))]
    scheme = validate(
        Scheme, nested(1, 1.0) | {"grades": grades, "vetoes": vetoes, "rounding": {}}, None
    )
    frame = pd.DataFrame({"leaf": [1.0, 1.0]} | {f"veto:v{i}": ["是", "否"] for i in range(100)})
    assert assess(scheme, frame).grades.tolist() == ["C", "A"]


def test_raw_values_beyond_the_limits():
    """Twelve numbers, as text and as numbers of a workbook."""
    for value, is_good in [
        (0.0, True),
        (1e15, True),
        (-1e15, True),
        (1e-100, True),
        (-1e-100, True),
        (5.5e-17, True),
        (1.1e15, False),
        (-1e16, False),
        (1e300, False),
        (9e-101, False),
        (-5e-324, False),
        (1e-200, False),
    ]:
        for cell in (value, repr(value)):
            number, reason = parse_number(cell)
            assert (
                (number == value and reason is None)
                if is_good
                else (math.isnan(number) and reason is not None)
            )


SIZES = st.sampled_from([0.0, 1e-100, -1e-100, 1e-17, 1.0, 3.0, 1e15, -1e15, 999999999999999.0])
RULES = [
    {"kind": "goalposts", "low": -1e15, "high": 1e15},
    {"kind": "goalposts", "low": 0.0, "high": 1e-100},
    {"kind": "efficacy", "unacceptable": 1e15, "satisfactory": -1e15},
    {"kind": "target", "target": 1e-100},
    {"kind": "target", "target": 1e15, "direction": "lower"},
    {"kind": "deduct", "rate": 1e15, "per": 1e-100, "target": 1.0},
    {"kind": "deduct", "rate": 0.0, "per": 1e-100, "target": 1e15},
    {"kind": "minmax"},
    {"kind": "rank"},
    {"kind": "zscore", "center": 0.6, "spread": 1e15},
    {"kind": "zscore", "center": 0.6, "spread": 1e-100},
    {"kind": "base_plus", "base": 0.0, "gain": 1e15, "per": 1e-100, "reference": 1e15},
    {
        "kind": "steps",
        "interpolate": True,
        "table": [{"at": -1e15, "share": 0.0}, {"at": 1e15, "share": 1.0}],
    },
]


@given(st.sampled_from(RULES), st.lists(SIZES, min_size=1, max_size=6), st.booleans())
@settings(max_examples=share(300))
def test_numbers_at_the_limits_give_scores_between_nothing_and_full_marks(rule, raw, scales):
    """13 rules with numbers at both ends of what is allowed, 300 examples: no score is NaN or
    beyond its points."""
    leaf = {"id": "leaf", "name": "leaf", "points": 100.0, "rule": rule, "scales": scales}
    scheme = validate(Scheme, nested(1, 100.0) | {"indicators": [leaf]}, None)
    raw = [abs(x) for x in raw] if rule["kind"] == "target" else raw
    assert assess(scheme, pd.DataFrame({"leaf": raw})).scores.between(0, 100).all()


def test_the_size_of_a_file(tmp_path):
    path = tmp_path / "data.csv"
    with path.open("wb") as file:
        file.truncate(limits.FILE_BYTES)  # sparse: no disk is filled
    assert len(read_bytes(path)) == limits.FILE_BYTES
    with path.open("wb") as file:
        file.truncate(limits.FILE_BYTES + 1)
    names(
        refused(read_rows, path), "data.csv", f"{limits.FILE_BYTES + 1:,}", f"{limits.FILE_BYTES:,}"
    )


@pytest.mark.parametrize(
    ("header", "row", "count", "parts"),
    [
        ("unit,a", "x,1", limits.ROWS - 1, None),
        ("unit,a", "x,1", limits.ROWS, ["data.csv", "50,001", "50,000"]),
        (",".join(f"x{i}" for i in range(limits.COLUMNS)), ",".join("1" * limits.COLUMNS), 2, None),
        (
            ",".join(f"x{i}" for i in range(limits.COLUMNS + 1)),
            "1",
            1,
            ["data.csv", "#1", "4,001", "4,000"],
        ),
        (
            ",".join(f"x{i}" for i in range(2000)),
            ",".join("1" * 2000),
            1000,
            ["data.csv", "#1001", "2,002,000"],
        ),
    ],
)
def test_rows_columns_and_cells_of_a_csv(tmp_path, header, row, count, parts):
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *itertools.repeat(row, count)]) + "\n", encoding="utf-8")
    if parts is None:
        assert len(read_rows(path).rows) == count
    else:
        names(refused(read_rows, path), *parts)


def test_the_stated_size_of_use_is_read(tmp_path):
    """3,000 × 400 cells of a CSV; trailing commas and blank lines of Excel do not count."""
    path = tmp_path / "data.csv"
    header = ",".join(["unit", *(f"x{i}" for i in range(400))]) + "," * 5000
    path.write_text(
        "\n".join([header, *(f"u{k}" + ",1" * 400 for k in range(3000)), *[""] * 90_000]),
        encoding="utf-8",
    )
    assert len(read_rows(path).rows) == 3000


def cells(row, reference):
    return f'<row r="{row}"><c r="{reference}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        (cells(50000, "B50000"), None),
        (cells(50001, "B50001"), ["B50001", "50,001", "50,000"]),
        (cells(2, "EWV2"), None),
        (cells(2, "EWW2"), ["EWW2", "4,001", "4,000"]),
        (cells(20000, "CV20000"), None),
        (cells(20001, "CV20001"), ["CV20001", "2,000,100", "2,000,000"]),
        (cells(1048576, "XFD1048576"), ["XFD1048576", "1,048,576"]),
        ('<row r="1048576"><c><v>1</v></c></row>', ["A1048576"]),  # no cell says where it is
        ("<row/>" * 50000 + "<row><c><v>1</v></c></row>", ["A50001"]),
        ("<row>" + "<c/>" * 4000 + "<c><v>1</v></c></row>", ["EWW1"]),
        ('<row r="1048576"><c r="XFD1048576" s="0"/></row>', None),  # formatted and blank
    ],
)
def test_how_far_a_sheet_reaches(tmp_path, monkeypatch, rows, parts):
    """Eleven sheets: what counts is where filled cells are."""
    monkeypatch.setattr(limits, "CELLS", 2_000_000 if "CV" in rows else 10**9)
    path = tmp_path / "data.xlsx"
    path.write_bytes(workbook(sheet(rows if "<row r=" not in rows else SOUND + rows)))
    if parts is not None:
        names(refused(read_rows, path), "data.xlsx", "s1", *parts)
    elif "CV" in rows or 's="0"' in rows:
        assert_no_limit(path)


def assert_no_limit(path):
    try:
        read_rows(path)
    except InputError as error:  # of a header with holes, say
        assert not any("expected at most" in s for s in error.sentences("en"))


def test_a_dimension_that_lies_is_not_asked(tmp_path):
    path = tmp_path / "data.xlsx"
    for dimension in ("A1:XFD1048576", "A1", "C7:D8"):
        path.write_bytes(workbook(sheet(SOUND, before=f'<dimension ref="{dimension}"/>')))
        assert read_rows(path).rows == [["甲", 1.0]]


def test_sheets_of_a_workbook(tmp_path):
    path = tmp_path / "data.xlsx"
    path.write_bytes(workbook(*[sheet(SOUND)] * (limits.SHEETS + 1)))
    names(refused(read_rows, path), "data.xlsx", "201", "200")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[" * 50_000, ["#1", "51", "50"]),
        ("".join(f"{' ' * i}a:\n" for i in range(60)), ["#50", "51", "50"]),
        ("a: " + "!" * 100_001, ["#1", "100,004", "100,000"]),
        # the document, a, its list, and three a line
        ("a:\n" + "  - [b, c]\n" * 400, ["#101", "301", "300"]),
    ],
)
def test_depth_values_and_lines_of_yaml(monkeypatch, text, parts):
    monkeypatch.setattr(limits, "YAML_VALUES", 300)
    names(refused(parse_yaml, text, "x.yaml"), "x.yaml", *parts)


def test_the_size_of_a_yaml_document(tmp_path):
    names(refused(scheme_of, tmp_path, YAML + "#" * limits.YAML_BYTES), "scheme.yaml", "1,000,000")


def test_aliases_do_not_multiply():
    text = "a0: &a0 [x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    names(refused(parse_yaml, text, "x.yaml"), "x.yaml", "#1", "&")


def test_complaints_of_a_file_end(tmp_path):
    """90,000 wrong cells, 20,000 ragged rows, 3,900 unknown columns in a table, 6,000 unknown keys:
    no more than a few thousand each."""
    from qtoolkit.inputs.table import read_table

    scheme, path = scheme_of(tmp_path), tmp_path / "data.csv"
    header = CSV.splitlines()[0]
    wrong = (
        header
        + "\n"
        + "\n".join(f"u{k},name" + ",?" * (header.count(",") - 1) for k in range(10_000))
    )
    ragged = "unit,a\n" + "x\n" * 20_000
    unknown = "unit" + "".join(f",y{i}" for i in range(3900)) + "\nx" + ",1" * 3900
    for text, most in ((wrong, MOST_COMPLAINTS), (ragged, MOST_COMPLAINTS), (unknown, 3900)):
        path.write_text(text, encoding="utf-8")
        zh, en = refused(read_table, path, scheme)
        assert most <= len(en) <= most + 2
    zh, en = refused(validate, Scheme, {f"k{i}": 1 for i in range(6000)}, "s.yaml")
    assert len(en) == MOST_COMPLAINTS + 1 and "5000" in en[-1] and "不再列出" in zh[-1]

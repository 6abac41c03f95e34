"""The shipped cases as files: figures against the printed tables, derived columns, scores by hand
in fractions."""

import csv
import importlib.util
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from ruamel.yaml import YAML

PARAMS = Path(__file__).resolve().parents[2] / "params"
PROVINCES, TAI = PARAMS / "provinces-2008", PARAMS / "tai-2001"


def load(path):
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def rows(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        row["unit"]: row
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
    }


def leaves(nodes):
    for node in nodes:
        yield from leaves(node["children"]) if "children" in node else [node]


def texts(part):
    """Every {zh, en} in a scheme."""
    if isinstance(part, dict) and set(part) == {"zh", "en"}:
        yield part["zh"], part["en"]
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from texts(inner)


def share(rule, cell):
    """Share of full marks, from the definitions: goalposts, or base + (1 − base) between the two
    ends of efficacy."""
    names = ("low", "high") if rule["kind"] == "goalposts" else ("unacceptable", "satisfactory")
    low, high, base = (Fraction(str(rule.get(key, 0))) for key in (*names, "base"))
    return base + (1 - base) * max(
        Fraction(0), min(Fraction(1), (Fraction(cell) - low) / (high - low))
    )


def score(node, row):
    """Mean of a node's children by points over those that have data; None without any."""
    if "rule" in node:
        return share(node["rule"], row[node["id"]]) if row[node["id"]] else None
    parts = [(points(child), score(child, row)) for child in node["children"]]
    known = [(weight, value) for weight, value in parts if value is not None]
    return sum(w * v for w, v in known) / sum(w for w, _ in known) if known else None


def points(node):
    return Fraction(str(node["points"]))


def scores(folder):
    scheme = load(folder / "scheme.yaml")
    root = {"children": scheme["indicators"]}
    found = {unit: score(root, row) for unit, row in rows(folder / "data.csv").items()}
    return {unit: 100 * value for unit, value in found.items() if value is not None}


@pytest.fixture(scope="module")
def derive():
    spec = importlib.util.spec_from_file_location("derive", PROVINCES / "derive.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# China Statistical Yearbook. Table 20-61 (2007): excellent, first grade, qualified, loss; table
# 20-45 (2008): projects, person-years, expenditure; table 20-51 (2008): applications, of which
# inventions, invention patents owned.
TABLE_20_61 = {
    "北京": "1.14 77.55 21.31 0.34",
    "江苏": "50.10 38.06 11.84 0.12",
    "安徽": "54.48 31.84 13.69 0.88",
    "湖南": "85.31 10.30 4.39 0.11",
    "广东": "63.00 29.89 7.11 0.08",
    "甘肃": "19.16 24.59 56.25 0.03",
    "新疆": "26.88 67.24 5.88 0.12",
}
TABLE_20_45 = {
    "北京": "6730 26892 709676",
    "辽宁": "4951 39987 1289771",
    "江苏": "11631 119553 4090217",
    "广东": "11316 177500 4109579",
    "广西": "1041 7083 196087",
    "海南": "44 417 6324",
    "青海": "103 784 25126",
}
TABLE_20_51 = {
    "北京": "4622 2996 3848",
    "辽宁": "2841 992 900",
    "浙江": "15897 2643 4756",
    "广东": "33144 17216 15958",
    "广西": "873 244 332",
    "海南": "115 15 8",
    "青海": "81 28 262",
}
TABLES = {
    "20-61": (TABLE_20_61, slice(0, 4)),
    "20-45": (TABLE_20_45, slice(4, 7)),
    "20-51": (TABLE_20_51, slice(7, 10)),
}


@pytest.mark.parametrize("table", TABLES)
def test_raw_figures_are_the_printed_ones(table, derive):
    printed, columns = TABLES[table]
    raw = {row["unit"]: row for row in derive.read_raw()}
    for unit, figures in printed.items():
        assert list(raw[unit].values())[3:][columns] == figures.split(), unit


def test_raw_column_sums(derive):
    """Checksums of the ten columns, added up once on the figures as they were first retyped."""
    columns = zip(*(list(row.values())[3:] for row in derive.read_raw()), strict=True)
    sums = [str(sum(Decimal(cell) for cell in column if cell)) for column in columns]
    assert sums == "1155.74 1040.73 603.59 7.61 103234 1014221 26813111 122076 43773 55723".split()


def test_raw_rates_and_parts(derive):
    """The three rates sum to 100 within their rounding; inventions are a part of the
    applications."""
    for row in derive.read_raw():
        rates = [
            row[f"{grade}_pct_2007"] for grade in ("excellent", "first_grade", "qualified_grade")
        ]
        if all(rates):
            assert abs(sum(map(Fraction, rates)) - 100) <= Fraction("0.015"), row["unit"]
        if row["patent_applications_2008"]:
            assert int(row["of_which_invention_2008"]) <= int(row["patent_applications_2008"])


def test_blanks_are_those_of_the_source(derive):
    quality = {"excellent", "first_or_better", "loss"}
    blank = {
        unit: {k for k, cell in row.items() if not cell}
        for unit, row in rows(PROVINCES / "data.csv").items()
    }
    everything = quality | set(derive.QUOTIENTS)
    assert {unit: found for unit, found in blank.items() if found} == {
        "辽宁": quality,
        "广西": quality,
        "青海": {"loss"},
        "西藏": everything,
    }
    assert sum(not cell for row in derive.read_raw() for cell in row.values()) == 4 + 4 + 1 + 10


def test_data_is_what_derive_makes(derive):
    assert (PROVINCES / "data.csv").read_bytes() == derive.derive(derive.read_raw()).encode()


def test_derived_ratios_by_hand():
    """From the printed counts with a pocket calculator."""
    data = rows(PROVINCES / "data.csv")
    assert data["海南"]["rd_per_person"] == "15.1655"  # 6324 / 417
    assert data["海南"]["rd_per_project"] == "143.7273"  # 6324 / 44
    assert data["青海"]["patents"] == "10.3316"  # 8100 / 784
    assert data["广东"]["invention_share"] == "51.9430"  # 1721600 / 33144
    assert data["青海"]["inventions_owned"] == "33.4184"  # 26200 / 784
    assert data["湖南"]["first_or_better"] == "95.61"  # 85.31 + 10.30


def test_regions_are_the_four_of_the_bureau():
    data = rows(PROVINCES / "data.csv")
    assert Counter(row["region"] for row in data.values()) == {
        "东部": 10,
        "中部": 6,
        "西部": 12,
        "东北": 3,
    }
    assert {unit for unit, row in data.items() if row["region"] == "东北"} == {
        "辽宁",
        "吉林",
        "黑龙江",
    }
    assert (data["陕西"]["name_en"], data["山西"]["name_en"]) == ("Shaanxi", "Shanxi")


@pytest.mark.parametrize("folder", [PROVINCES, TAI], ids=lambda path: path.name)
def test_scheme_fits_its_data(folder):
    scheme, data = load(folder / "scheme.yaml"), rows(folder / "data.csv")
    ids = [leaf["id"] for leaf in leaves(scheme["indicators"])]
    assert sum(map(points, leaves(scheme["indicators"]))) == scheme["total"] == 100
    for node in scheme["indicators"]:
        assert points(node) == sum(map(points, leaves([node])))
    covariates = [covariate["id"] for covariate in scheme.get("covariates", [])]
    assert list(next(iter(data.values()))) == ["unit", "name_en", *covariates, *ids]
    assert (
        len({row["name_en"] for row in data.values()})
        == len(data)
        == (31 if folder == PROVINCES else 23)
    )
    parameters = load(folder / "params.yaml")
    assert all((folder / parameters[key]).is_file() for key in ("scheme", "data"))
    assert scheme["id"] == folder.name


@pytest.mark.parametrize("folder", [PROVINCES, TAI], ids=lambda path: path.name)
def test_both_languages_carry_the_same_numbers(folder):
    numbers = re.compile(r"\d+(?:\.\d+)?")
    for zh, en in texts(load(folder / "scheme.yaml")):
        assert Counter(numbers.findall(zh)) == Counter(numbers.findall(en)), zh


def test_provinces_use_all_four_bands():
    """Scores in fractions from the definitions; the notes of the scheme say what is checked
    here."""
    found = scores(PROVINCES)
    cutoffs = [grade["cutoff"] for grade in load(PROVINCES / "scheme.yaml")["grades"]]
    bands = Counter(
        next(i for i, cutoff in enumerate(cutoffs) if value >= cutoff) for value in found.values()
    )
    assert [bands[i] for i in range(4)] == [6, 9, 8, 7]
    assert "西藏" not in found and len(found) == 30
    assert min(found.values()) > 60


# OECD/JRC (2008), table 23, column EW, in the order of the data.
EQUAL_WEIGHT_RANKS = [
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    9,
    10,
    8,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
]
# Human Development Report 2001: the index as printed (its value for Singapore, .585, has no
# royalties).
INDEX = {
    "芬兰": ".744",
    "美国": ".733",
    "瑞典": ".703",
    "日本": ".698",
    "韩国": ".666",
    "荷兰": ".630",
    "挪威": ".579",
}


def test_tai_ranks_are_those_of_the_handbook():
    found = scores(TAI)
    assert [
        1 + sum(other > value for other in found.values()) for value in found.values()
    ] == EQUAL_WEIGHT_RANKS
    for unit, index in INDEX.items():
        assert abs(found[unit] / 100 - Fraction(index)) < Fraction("0.002"), unit
    assert sum(value >= 55 for value in found.values()) == 14


def test_tai_data_are_table_a2():
    data = rows(TAI / "data.csv")
    assert (
        list(data["芬兰"].values())[1:]
        == "Finland 187.0 125.6 200.2 50.7 3.08 4.15 10.0 27.4".split()
    )
    assert (
        list(data["新加坡"].values())[1:]
        == "Singapore 8.0 25.5 72.3 74.9 2.95 3.83 7.1 24.2".split()
    )
    assert (
        list(data["斯洛文尼亚"].values())[1:]
        == "Slovenia 105.0 4.0 20.3 49.5 2.84 3.71 7.1 10.6".split()
    )
    assert data["韩国"]["name_en"] == "Korea, Rep. of"


def test_log_goalposts_are_logs():
    rules = {leaf["id"]: leaf["rule"] for leaf in leaves(load(TAI / "scheme.yaml")["indicators"])}
    ends = [
        10 ** rules["telephones_log"]["high"],
        *(10 ** rules["electricity_log"][end] for end in ("low", "high")),
    ]
    assert ends == pytest.approx([901, 22, 6969], rel=1e-12)
    assert rules["telephones_log"]["low"] == 0  # log10 of 1

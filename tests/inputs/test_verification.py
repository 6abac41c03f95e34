"""What a scheme says of the draw for verification, and what is refused with the sentence that says
why."""

import openpyxl
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.verification import Verification
from qtoolkit.models import validate
from qtoolkit.verification import draw, draw_of, list_hash
from qtoolkit.workbooks.schemebook import read_scheme_book
from qtoolkit.workbooks.template import write_template
from tests.inputs.helpers import names, refused

SCHEME = """
id: v
name: 核查
total: 100
indicators:
  - {id: a, name: 甲, points: 60, rule: {kind: share}, stages: {self: 1.0}}
  - {id: b, name: 乙, points: 40, rule: {kind: share}, stages: {self: 1.0}}
stages:
  - {id: self, name: 自评}
  - {id: verified, name: 实地核查, effect: replaces}
grades: [{id: A, cutoff: 90}, {id: B, cutoff: 0}]
covariates: [{id: region, name: 片区}, {id: gdp, name: 生产总值, kind: number}]
"""
DATA = """unit,region,gdp,a@self,b@self
甲市,北,1,0.9,1
乙市,北,2,0.8,1
丙市,南,3,0.7,1
丁市,南,4,0.6,1
"""
UNITS, REGIONS = ["甲市", "乙市", "丙市", "丁市"], ["北", "北", "南", "南"]
HASH = list_hash(UNITS, REGIONS)


def case_of(folder, verification="", data=DATA):
    (folder / "scheme.yaml").write_text(SCHEME + verification, encoding="utf-8")
    (folder / "data.csv").write_text(data, encoding="utf-8")
    (folder / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")
    return qt.read_case(folder)


def test_the_draw_that_a_scheme_describes(tmp_path):
    said = f"verification: {{places: 2, by: region, seed: '007', least: 1, list_hash: {HASH}}}"
    case = case_of(tmp_path, said)
    result = qt.assess(case.scheme, case.table)
    assert draw_of(result).drawn == draw(UNITS, 2, "007", REGIONS, least=1).drawn
    assert draw_of(case).list_hash == HASH and draw_of(case).seed == "007"
    whole = case_of(tmp_path, "verification: {places: 4, stage: verified, seed: s, items: 2}")
    assert sorted(draw_of(whole).drawn) == sorted(UNITS) and whole.scheme.verification.items == 2


def test_without_a_description_or_a_seed(tmp_path):
    with pytest.raises(InputError, match="没有写明实地核查抽取"):
        draw_of(case_of(tmp_path))
    with pytest.raises(InputError, match="还没有写明种子"):
        draw_of(case_of(tmp_path, "verification: {places: 2}"))


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("{places: 0}", ["verification.places", "0", "1"]),
        ("{places: 2.0}", ["verification.places"]),
        ("{}", ["verification.places"]),
        ("{places: 5}", ["scheme.yaml", "verification.places", "5", "4"]),
        ("{places: 2, seed: 7}", ["verification.seed", "7"]),
        ("{places: 2, seed: true}", ["verification.seed"]),
        ("{places: 2, seed: ' '}", ["verification.seed"]),
        ('{places: 2, seed: "a\\tb"}', ["verification.seed", "U+0009"]),
        ("{places: 2, seed: 007}", ["007"]),
        ("{places: 2, seed: 1e5}", ["1e5"]),
        ("{places: 2, seed: 2026-07-01}", ["2026-07-01"]),
        ("{places: 2, stage: self}", ["verification.stage", "“self”", "verified"]),
        ("{places: 2, stage: verfied}", ["verification.stage", "“verfied”", "“verified”"]),
        ("{places: 2, by: gdp}", ["verification.by", "“gdp”", "region"]),
        ("{places: 2, by: regoin}", ["verification.by", "“regoin”", "“region”"]),
        ("{places: 2, by: class}", ["data.csv", "class"]),
        ("{places: 2, least: -1}", ["verification.least", "-1"]),
        ("{places: 2, items: 0}", ["verification.items", "0"]),
        ("{places: 2, list_hash: abc}", ["verification.list_hash", "abc", "64"]),
        ("{places: 2, lest: 1}", ["verification.lest", "“least”"]),
        (f"{{places: 2, list_hash: {HASH}}}", ["verification.list_hash", HASH]),
    ],
)
def test_what_is_refused(said, parts, tmp_path):
    assert names(refused(case_of, tmp_path, f"verification: {said}"), *parts)


def test_the_list_that_was_published_is_that_of_the_data(tmp_path):
    said = f"verification: {{places: 2, by: region, list_hash: {HASH}}}"
    assert case_of(tmp_path, said).scheme.verification.list_hash == HASH
    for old, new in (("丁市,南", "丁市,北"), ("丁市", "戊市"), ("丁市,南,4,0.6,1\n", "")):
        data = DATA.replace(old, new)
        found = list_hash([row.split(",")[0] for row in data.splitlines()[1:]],
                          [row.split(",")[1] for row in data.splitlines()[1:]])  # fmt: skip
        assert names(refused(case_of, tmp_path, said, data), "scheme.yaml", HASH, found)
    blank = DATA.replace("丁市,南", "丁市,")
    assert names(refused(case_of, tmp_path, said, blank), "丁市")


def test_a_stage_must_be_named_where_there_are_two_or_none(tmp_path):
    scheme = case_of(tmp_path).scheme
    data = scheme.model_dump() | {"verification": {"places": 2}}
    third = {"id": "again", "name": "复核", "effect": "corrects"}
    two = data | {"stages": [*data["stages"], third]}
    assert names(refused(validate, Scheme, two, None), "verification.stage", "2")
    named = two | {"verification": {"places": 2, "stage": "again"}}
    assert validate(Scheme, named, None).verification.stage == "again"
    one = data | {"stages": data["stages"][:1]}
    assert names(refused(validate, Scheme, one, None), "verification.stage")


@pytest.mark.parametrize(
    "said",
    [
        {"places": 2},
        {"places": 3, "by": "region", "least": 1, "items": 2, "stage": "verified"},
        {"places": 2, "seed": "007", "list_hash": "0" * 64},
        {"places": 2, "seed": "1e5"},
        {"places": 2, "seed": "=1+1"},
        {"places": 2, "seed": "{a: 1}"},
        {"places": 2, "seed": "[1]"},
        {"places": 2, "seed": "2026-07-01 \"x\" 'y'"},
        {"places": 2, "seed": "true"},
        {"places": 2, "seed": "001.50%"},
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_gives_the_same_model(said, language, tmp_path):
    scheme = case_of(tmp_path).scheme
    scheme = validate(Scheme, scheme.model_dump() | {"verification": said}, None)
    write_template(
        scheme.model_copy(update={"units": tuple(UNITS)}), tmp_path / "x.xlsx", None, language
    )
    assert read_scheme_book(tmp_path / "x.xlsx").verification == scheme.verification


def test_a_seed_that_excel_took_for_a_number_is_refused(tmp_path):
    scheme = case_of(tmp_path).scheme
    scheme = validate(
        Scheme, scheme.model_dump() | {"verification": {"places": 2, "seed": "s"}}, None
    )
    path = tmp_path / "x.xlsx"
    write_template(scheme.model_copy(update={"units": tuple(UNITS)}), path, None, "zh")
    book = openpyxl.load_workbook(path)
    for row in book["设置"].iter_rows():
        if row[0].value == "verification.seed":
            row[1].value = 20260701
    book.save(path)
    assert names(refused(read_scheme_book, path), "设置", "20260701")


def test_a_model_by_itself():
    said = Verification(places=3, seed=" s ", list_hash="A" * 64)
    assert (said.seed, said.list_hash, said.least, said.items) == ("s", "a" * 64, 0, None)

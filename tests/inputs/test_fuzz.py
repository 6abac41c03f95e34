"""Whatever stands in a file, reading it ends in validated objects or in an InputError that can be
shown."""

import csv
import json
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtoolkit.assessment import assess
from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_case
from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.parameters import parameters_of
from qtoolkit.inputs.scheme import Scheme, read_scheme
from qtoolkit.inputs.table import read_table
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.models import validate
from tests.examples import share
from tests.inputs.helpers import CSV, YAML, scheme_of

SMALL = settings(
    max_examples=share(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def only_complaints(call, *arguments):
    """The call's result, or None after an InputError whose sentences can be printed."""
    try:
        return call(*arguments)
    except InputError as error:
        for language in ("zh", "en"):
            sentences = error.sentences(language)
            assert sentences and all(
                s.strip() and len(s.splitlines()) == 1 and s.encode() for s in sentences
            )
        return None


@given(st.binary(max_size=300))
@SMALL
def test_any_bytes(tmp_path, data):
    for name in ("x.csv", "x.xlsx", "x.yaml"):
        (tmp_path / name).write_bytes(data)
    only_complaints(read_rows, tmp_path / "x.csv")
    only_complaints(read_rows, tmp_path / "x.xlsx")
    only_complaints(read_scheme, tmp_path / "x.yaml")
    only_complaints(read_case, tmp_path / "x.yaml")


WORDS = st.sampled_from(
    [
        "a",
        "b:",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "'",
        '"',
        "\n",
        "  ",
        "\t",
        "&x",
        "*x",
        "!!int",
        "!",
        "|",
        ">",
        "?",
        "#",
        "%",
        "@",
        "---",
        "...",
        "1",
        "0x_",
        ".inf",
        "1e3",
        "null",
        "～",
        "：",
        "\\",
        "\x85",
        "\u2028",
        "<<: ",
    ]
)


@given(st.one_of(st.text(max_size=100), st.lists(WORDS, max_size=30).map("".join)))
@SMALL
def test_any_yaml_text(text):
    only_complaints(parse_yaml, text, "x.yaml")
    only_complaints(parse_yaml, "a:\n  " + text, "x.yaml")


def mutated(text, seed, pieces):
    """The text with a few parts deleted, doubled, swapped or replaced."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        i, n = chance.randrange(len(text)), chance.randint(1, 12)
        part = chance.choice(
            [
                "",
                text[i : i + n] * 2,
                chance.choice(pieces),
                chance.choice(pieces) + text[i : i + n],
            ]
        )
        text = text[:i] + part + text[i + n :]
    return text


ODD = [
    ",",
    '"',
    "\n",
    "\r",
    ":",
    "{",
    "}",
    "[",
    "]",
    "-",
    "nan",
    "inf",
    "-1",
    "1e9",
    "1e-400",
    "true",
    "null",
    "~",
    "0",
    "不适用",
    "１",
    "%",
    "#DIV/0!",
    "\t",
    "\ufeff",
    "\u200b",
    "id: a",
    "kind: level",
    "9" * 400,
    "points",
    "!!x ",
    "&",
    "*",
    "=1+1",
    "{x}",
    "%s",
]


@given(st.integers(0, 2**32))
@SMALL
def test_a_damaged_scheme(tmp_path, seed):
    scheme = only_complaints(scheme_of, tmp_path, mutated(YAML, seed, ODD))
    if scheme is not None:
        (tmp_path / "data.csv").write_text(CSV, encoding="utf-8")
        only_complaints(read_table, tmp_path / "data.csv", scheme)


@given(st.integers(0, 2**32))
@SMALL
def test_a_damaged_table_is_refused_or_can_be_assessed(tmp_path, seed):
    scheme = scheme_of(
        tmp_path,
        YAML + "missing: {blank: not_reported, not_reported: renormalise, pending: zero, "
        "not_applicable: full}\n",
    )
    (tmp_path / "data.csv").write_bytes(mutated(CSV, seed, ODD).encode("utf-8", "replace"))
    table = only_complaints(read_table, tmp_path / "data.csv", scheme)
    if table is not None:
        only_complaints(assess, scheme, table)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just("a"),
    st.just(10**400),
)
KEYS = st.sampled_from(
    [
        *Scheme.model_fields,
        "rule",
        "children",
        "points",
        "kind",
        "target",
        "levels",
        "table",
        "zh",
        "en",
        "cutoff",
        "x",
    ]
)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=15,
)


@given(st.dictionaries(KEYS, DATA, max_size=8))
@settings(max_examples=share(300), deadline=None)
def test_any_plain_data_as_a_scheme_or_as_parameters(data):
    only_complaints(validate, Scheme, data, "scheme.yaml")
    only_complaints(parameters_of, data)


@given(DATA, st.integers(0, 2**32))
@settings(max_examples=share(300), deadline=None)
def test_a_sound_scheme_with_one_part_replaced(value, seed):
    data = json.loads(json.dumps(parse_yaml(YAML, "x").data))
    chance, here = random.Random(seed), data
    while True:
        key = chance.choice(list(here)) if isinstance(here, dict) else chance.randrange(len(here))
        if not (isinstance(here[key], dict | list) and here[key]) or chance.random() < 0.2:
            break
        here = here[key]
    here[key] = value
    only_complaints(validate, Scheme, data, "scheme.yaml")


CELLS = [
    "",
    " ",
    "0",
    "1",
    "0.5",
    "-1",
    "1e300",
    "-1e300",
    "1e-300",
    "不适用",
    "未报送",
    "待核实",
    "零分",
    "好",
    "是",
    "5%",
    "１",
    "nan",
    "#N/A",
    "x\ny",
    "a,b",
    '"',
]


@given(
    st.dictionaries(
        st.integers(0, 25),
        st.one_of(st.sampled_from(CELLS), st.text(max_size=5)),
        min_size=1,
        max_size=4,
    )
)
@SMALL
def test_any_cells_are_refused_or_give_finite_scores(tmp_path, cells):
    header, *rows = csv.reader(CSV.splitlines())
    for place, value in cells.items():
        rows[place // len(header)][place % len(header)] = value
    with open(tmp_path / "data.csv", "w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    scheme = scheme_of(
        tmp_path,
        YAML + "missing: {blank: not_reported, not_reported: renormalise, pending: zero, "
        "not_applicable: full}\n",
    )
    table = only_complaints(read_table, tmp_path / "data.csv", scheme)
    result = None if table is None else only_complaints(assess, scheme, table)
    if result is not None:
        assert all(0 <= score <= 103 for score in result.scores)

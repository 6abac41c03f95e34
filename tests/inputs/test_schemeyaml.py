"""Plain data as YAML: every version of it reads the text alike, and it comes back as it was."""

import yaml as yaml11
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.inputs.numbertext import UNPRINTABLE
from qtoolkit.inputs.schemeyaml import yaml_of
from qtoolkit.inputs.yamltext import parse_yaml
from tests.examples import share

TEXT = st.text(max_size=12).filter(lambda text: not UNPRINTABLE.search(text))
ODD = [
    "no",
    "1e5",
    "0x1",
    "~",
    "null",
    "2024-01-01",
    "1_0",
    "- a",
    "# x",
    "a: b",
    "\u2028",
    "\x85",
    "é\n b",
    "  x ",
    "<<",
    "\ufeff",
    "\t",
    "?\U0010f8f9",
    "甲\u2029市",
    "1e-05",
]
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e-5, 1e22, 1e-100, -0.0, 5e-324]),
)
LEAF = st.one_of(
    TEXT, NUMBERS, st.integers(-(10**15), 10**15), st.booleans(), st.none(), st.sampled_from(ODD)
)
KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
VALUES = st.recursive(
    LEAF,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT.filter(bool), part, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3))
@settings(max_examples=share(300))
def test_data_come_back_as_they_were(data):
    assert parse_yaml(yaml_of(data), "x.yaml").data == data


@given(st.dictionaries(KEYS, st.one_of(NUMBERS, st.sampled_from(ODD)), min_size=1, max_size=3))
@settings(max_examples=share(300))
def test_yaml_1_1_reads_the_same(data):
    """PyYAML, which plain papermill uses."""
    assert yaml11.safe_load(yaml_of(data)) == data

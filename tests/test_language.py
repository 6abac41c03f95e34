"""Texts in two languages; and the source itself: full-width punctuation in Chinese, the same
placeholders in both."""

import ast
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtoolkit
from qtoolkit.language import Text, listing, same, say, settled

FILES = sorted(Path(qtoolkit.__file__).parent.rglob("*.py"))


def test_say():
    text = say(
        zh="{grade}级{n}家", en="{n:unit|units} in grade {grade}", grade=Text("甲", "A"), n=2
    )
    assert text == Text("甲级2家", "2 units in grade A")
    assert (
        say(zh="{x:.2f}", en="{x:.2f}", x=1.005).zh == "1.00"
        and say(zh="无", en="none").of("en") == "none"
    )
    with pytest.raises((KeyError, IndexError)):
        say(zh="{a}", en="{b}", a=1)


@given(st.text())
def test_values_are_text_and_no_format(value):
    assert say(zh="“{x}”", en="“{x}”", x=value) == same(f"“{value}”")


@given(st.integers(-(10**9), 10**9), st.integers(-4, 4))
def test_the_last_bits_decide_no_digit(hundred_thousandths, steps):
    """A decimal, and the same some units of its last place away, are written alike; a zero has no
    sign."""
    value = hundred_thousandths / 10**5
    near = value + steps * 2.3e-16 * max(abs(value), 1)
    assert say(zh="{x:+.4f}", en="{x:+.4f}", x=near) == say(zh="{x:+.4f}", en="{x:+.4f}", x=value)
    assert settled(near) == value and str(settled(-1e-17)) == "0.0"
    assert (
        settled(float("-inf")) == float("-inf")
        and settled("0.10") == "0.10"
        and settled(10**20) == 10**20
    )


def test_text():
    assert (
        Text("甲", "A").of("zh") == "甲"
        and Text("甲", "A").of("en") == "A"
        and Text("甲", "A").of("?") == "甲"
    )
    assert str(Text("甲", "A")) == "甲 / A" and str(same("A")) == "A"


def test_listing():
    items = [Text("甲", "A"), Text("乙", "B"), "C"]
    assert listing(items) == Text("甲、乙、C", "A, B, C") and listing([]) == Text("", "")
    assert listing(items, most=2) == Text("甲、乙等3项", "A, B and so on (3 in all)") and listing(
        items, most=3
    ) == listing(items)


def calls(path):
    """(say or Text, zh literal, en literal) in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = isinstance(node, ast.Call) and getattr(
            node.func, "id", getattr(node.func, "attr", "")
        )
        if name == "say":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            yield name, given["zh"], given["en"]
        elif name == "Text" and len(node.args) == 2:
            yield name, *node.args


def literal(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# What stays as it is typed in a file, inside a Chinese sentence.
SNIPPETS = (
    "key: value",
    "键: 值",
    "{zh: , en: }",
    "missing.no_data: exclude",
    "direction: lower",
    "scales: true",
    "target:{leaf}",
    "Box(relative=0.1)",
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_chinese_has_full_width_punctuation_and_english_has_none(path):
    for name, zh, en in calls(path):
        zh, en = literal(zh), literal(en)
        if zh and re.search("[\u4e00-\u9fff]", zh):
            bare = zh
            for snippet in SNIPPETS:
                bare = bare.replace(snippet, "")
            bare = re.sub(r"\{[^{}]*\}|[a-z_]+=\S+", "", bare)
            assert not re.search(r"[,:;?!()]", bare), (name, zh)
        if en:
            assert not re.search(
                "[\uff01-\uff5e\u3000-\u303f\u4e00-\u9fff]",
                en.replace("数据", "").replace("功效系数", ""),
            ), (name, en)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_both_wordings_take_the_same_values(path):
    def fields(text):
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    for name, zh, en in calls(path):
        if name == "say":
            assert literal(zh) is not None and literal(en) is not None, ast.dump(zh)
            assert fields(literal(zh)) == fields(literal(en)), literal(zh)

"""Strict YAML: each way in which a file can be read as something else than its writer meant is
refused."""

import warnings

import pytest

from qtoolkit.inputs.yamltext import parse_yaml, read_yaml
from tests.inputs.helpers import names, refused


def test_plain_data_and_lines():
    document = parse_yaml(
        "a: 1\nb:\n  - c: x\n  - 2.5\nd: true\ne:\nf: ~\ng: '010'\nh: -.inf\n", "x.yaml"
    )
    assert document.data == {
        "a": 1,
        "b": [{"c": "x"}, 2.5],
        "d": True,
        "e": None,
        "f": None,
        "g": "010",
        "h": float("-inf"),
    }
    assert (
        document.line(("b", 0, "c")) == 3
        and document.line(("b", 1)) == 4
        and document.line(("nowhere",)) == 1
    )
    assert document.line(("b", 0, "missing")) == 3
    assert (
        parse_yaml("", "x.yaml").data is None
        and parse_yaml("# only a comment", "x.yaml").data is None
    )


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "on",
        "yes",
        "Off",
        "y",
        "N",
        "010",
        "007",
        "0o17",
        "0b11",
        "1e-3",
        "1E3",
        "1.5e3",
        "12:30",
        "1:02:03",
        "1_000",
        "1_0.5",
        "2024-01-02",
        "2001-12-14 21:59:43",
        "=",
        "<<",
    ],
)
def test_what_yaml_1_1_reads_otherwise_is_refused_as_value_and_as_key(word):
    # The list is that of the YAML 1.1 types bool, int (octal, binary, base 60), float, timestamp,
    # value and merge.
    names(refused(parse_yaml, f"a: 1\nb: {word}", "x.yaml"), "x.yaml", "#2", f"“{word}”")
    names(refused(parse_yaml, f"a: 1\n{word}: b", "x.yaml"), "x.yaml", "#2", f"“{word}”")
    assert parse_yaml(f"b: '{word}'", "x.yaml").data == {"b": word}


@pytest.mark.parametrize(
    ("text", "row", "zh", "en"),
    [
        ("a: 1\nb: 2\na: 3", 3, "键“a”重复", "duplicate key “a”"),
        ("a: {b: 1, b: 2}", 1, "键“b”重复", "duplicate key “b”"),
        ("'a': 1\n\"a\": 2", 2, "键“a”重复", "duplicate key “a”"),
        ("a:\n\tb: 1", 2, "制表符", "tab"),
        ("\ta: 1", 1, "制表符", "tab"),
        ("a: &x 1\nb: *x", 1, "锚点", "anchors"),
        ("&k a: 1", 1, "锚点", "anchors"),
        ("a: &x 1\nb: &x 2", 2, "锚点", "anchors"),
        ("&a [*a]", 1, "锚点", "anchors"),
        ("b: *x", 1, "锚点", "anchors"),
        (
            "a: !!python/object:os.system {a: 1}",
            1,
            "标签“!!python/object:os.system”",
            "tag “!!python/object:os.system”",
        ),
        ("!!python/object/apply:os.system ['ls']", 1, "标签", "tag"),
        ("a: !!set {b, c}", 1, "标签“!!set”", "tag “!!set”"),
        ("a: !!omap [b: 1]", 1, "标签", "tag"),
        ("a: !!binary aGk=", 1, "标签", "tag"),
        ("a: !!bool maybe", 1, "标签", "tag"),
        ("a: !!int x", 1, "不是一个数字", "not a number"),
        ("a: 0x_", 1, "不是一个数字", "not a number"),
        ("a: " + "9" * 5000, 1, "不是一个数字", "not a number"),
        ("? [1]\n: 2", 1, "键应为一个词", "a key must be one word"),
        ("---\na: 1\n---\nb: 2", 3, "一个文档", "one document"),
        ("a: 1\nb: 'x", 2, "没有成对", "not closed"),
        ("a: [1,\n2", 2, "没有成对", "not closed"),
        ("a: b: c", 1, "冒号", "colon"),
        ("a: 1\n  b: 2", 2, "冒号", "colon"),
        ("a: `x`", 1, "请加引号", "quote"),
        ("a: %x", 1, "请加引号", "quote"),
        ("a: 1\nb: x\x01y", 2, "控制字符", "control character"),
        ("%YAML 9.9\n---\na: 1", 1, "不是有效的 YAML", "not valid YAML"),
    ],
)
def test_one_sentence_that_names_the_line(text, row, zh, en):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sentences = refused(parse_yaml, text, "x.yaml")
    assert sentences[0][-1].startswith(f"x.yaml，第{row}行：") and zh in sentences[0][-1], (
        sentences[0]
    )
    assert sentences[1][-1].startswith(f"x.yaml, row {row}: ") and en in sentences[1][-1], (
        sentences[1]
    )


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{" * 20000, "- " * 3000 + "a", "a: " + "[" * 900 + "]" * 900]
)
def test_deep_nesting_is_a_complaint(text):
    try:
        parse_yaml(text, "x.yaml")
    except Exception:
        names(refused(parse_yaml, text, "x.yaml"), "x.yaml")


def test_all_complaints_of_a_file_come_together():
    zh, en = refused(parse_yaml, "a: no\nb: 010\nc: &x 1\nc: 2\n", "x.yaml")
    assert (
        len(zh) == len(en) == 4
        and ["第1行" in zh[0], "第2行" in zh[1], "第3行" in zh[2], "第4行" in zh[3]] == [True] * 4
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, newline):
    path = tmp_path / "p.yaml"
    path.write_bytes(f"名称: 质量{newline}b: 一等{newline}".encode(encoding))
    assert read_yaml(path).data == {"名称": "质量", "b": "一等"}


def test_the_data_are_text_and_nothing_runs():
    text = "a: '=cmd|x'\nb: '{braces} %s'\nc: '<script>'\nd: \"x\\ny\"\n"
    assert parse_yaml(text, "x.yaml").data == {
        "a": "=cmd|x",
        "b": "{braces} %s",
        "c": "<script>",
        "d": "x\ny",
    }


@pytest.mark.parametrize(
    "text",
    ["1.0e-400", "-0.00001e-330", "5.0e-325", "1e-400", "4" + "0" * 5 + ".0e-400", ".1e-330"],
)
def test_a_number_that_a_float_holds_as_0_is_refused(text):
    """Half of the least positive float is 2.5e-324."""
    zh, en = refused(parse_yaml, f"a: 1\nband: {text}\n", "x.yaml")
    assert len(zh) == 1 and text in zh[0] and text in en[0] and "row 2" in en[0]


@pytest.mark.parametrize(
    ("text", "value"), [("0.0e-400", 0.0), ("0.0", 0.0), ("5.0e-324", 5e-324), ("1.0e-99", 1e-99)]
)
def test_numbers_that_a_float_holds_are_read(text, value):
    assert parse_yaml(f"band: {text}", "x.yaml").data == {"band": value}

"""Pages of wording: both languages use the same names and put down the same pieces, read as their
language is written, and turn no name into markup."""

import ast
import re
from unittest import mock

import jinja2.meta
import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.language import LANGUAGES, same
from qtoolkit.report import markup, wording
from qtoolkit.report.blocks import DataTable, payload
from qtoolkit.report.sections import Section, plain
from tests import pages

PAGES = sorted({name.rpartition(".")[0] for name in wording.sources()})


def parsed(page, language):
    environment = wording.environment(language)
    return environment.parse(markup.template_of(wording.sources()[f"{page}.{language}"], language))


def used(page, language):
    """The facts that a page asks for."""
    return jinja2.meta.find_undeclared_variables(parsed(page, language)) - {
        "taken", "words", "MANY", "SOME", "caller"
    }  # fmt: skip


def used_by(page, tables):
    """The facts that a page, or the catalogue for its tables, asks for."""
    templates = [
        part
        for name in tables
        for entry in wording.CATALOGUE["tables"].get(name, {}).values()
        if isinstance(entry, list)
        for part in entry
        if isinstance(part, str) and "{" in part
    ]
    asked = (wording.environment("zh").parse(part) for part in templates)
    named = set().union(*map(jinja2.meta.find_undeclared_variables, asked))
    return used(page, "zh") | named - {"it", "words"}


def macros(page, language):
    return {
        node.name: [argument.name for argument in node.args]
        for node in parsed(page, language).find_all(jinja2.nodes.Macro)
    }


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_use_the_same_names(page):
    zh, en = (used(page, language) for language in LANGUAGES)
    assert zh == en
    if page == wording.PHRASES:
        assert not zh
        assert macros(page, "zh") == macros(page, "en")


@pytest.mark.parametrize("page", PAGES)
def test_lines_are_short(page):
    for language in LANGUAGES:
        for line in wording.sources()[f"{page}.{language}"].splitlines():
            assert len(line) <= 100, line
            assert not re.match(" [^ ]", line), f"a space that would be lost: {line}"


def words_of(page, language):
    """What a page says in words, without its statements, values and comments."""
    text = wording.sources()[f"{page}.{language}"]
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    return re.sub(r"^(@ .*|!?\[[^\]]*\] )", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_chinese_has_full_width_punctuation_and_english_has_none(page):
    assert not re.search(r"[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]", words_of(page, "zh"))
    assert not re.search("[\uff01-\uff5e\u3000-\u303f\u4e00-\u9fff]", words_of(page, "en"))


def test_the_catalogue_is_whole():
    """Each column has a heading in both languages and a way to be shown, each word both
    wordings."""
    for name, table in wording.CATALOGUE["tables"].items():
        shown = [key.removesuffix("?") for key in table["show"]]
        assert len(shown) == len(set(shown)), name
        assert len(table.get("widths", shown)) == len(shown), name
        for key in shown:
            entry = table.get(key) or wording.CATALOGUE["columns"][key]
            assert len(entry) == 3 and all(isinstance(part, str) for part in entry), (name, key)
        unused = {k for k, v in table.items() if isinstance(v, list) and len(v) == 3} - set(shown)
        assert not unused - {"show", "widths", "shade"}, (name, unused)
    for words in (*wording.CATALOGUE["words"].values(), wording.CATALOGUE["labels"]):
        assert all(len(both) == 2 and all(both) for both in words.values())


HOSTILE = ["# x", "- x", "@ summary", "[cheapest_flips] x", "{{ taken }}", "{% raw %}", "→ x | y",
           "<script>", "{# x", "%}"]  # fmt: skip


def test_a_name_never_becomes_markup():
    frame = pd.DataFrame({"a": [i / 20 for i in range(len(HOSTILE))], "b": 0.5}, index=HOSTILE)
    result = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 45, "B": 0}), frame)
    plain_ = qt.assess(result.scheme, frame.set_axis([f"u{i}" for i in range(len(HOSTILE))]))
    for view in (pages.flips, pages.transfers):
        kinds = [
            [(type(block), block.chapter, block.heading) for block in view(given)]
            for given in (result, plain_)
        ]
        assert kinds[0] == kinds[1]
    said = pages.flips(result)[0].text.zh
    assert any(name in said for name in HOSTILE)


def test_signs_are_read_before_facts_are_filled_in():
    words = wording.Wording("en", {})
    page = "@ stability\n# {{ a }}\n{{ a }}\n\n> {{ a }}\n{% if a %}\n- {{ a }}\n{% endif %}"
    taken = markup.Taken()
    template = wording.environment("en").from_string(markup.template_of(page, "en"))
    template.render(taken=taken, words=words, a="# - {{ x }}\n\n@ summary\n[t] x")
    assert [piece.style for piece in taken.pieces] == ["text", "note", "item"]
    assert {piece.text for piece in taken.pieces} == {"# - {{ x }}\n\n@ summary\n[t] x"}
    assert {piece.chapter for piece in taken.pieces} == {"stability"}


def test_families_of_columns_take_turns_where_the_catalogue_says_so():
    case = qt.read_case("city-2026")
    blocks = pages.losses(qt.assess(case.scheme, case.table))
    (grid,) = (block for block in blocks if getattr(block, "name", "") == "grid")
    tops = [top.id for top in case.scheme.indicators]
    families = [f"{name}:{top}" for top in tops for name in ("points", "lost")]
    assert list(grid.frame) == ["area", "aspect", "leaves", *families, "points", "lost", "note"]
    first = [heading.en for heading in list(grid.columns.values())[3:5]]
    name = case.scheme.indicators[0].name.en
    assert first == [f"{name}: Points", f"{name}: Mean points lost"]


def test_a_choice_on_a_line_of_its_own_goes_on_with_the_paragraph():
    page = (
        "@ units\nOne.\n{% if a %} Two.{% endif %}\n{% if b %} Three.{% endif %}\nFour\n{% if a %}"
    )
    page += "\n- {{ a }}\n{% endif %}{# a remark #}"
    for a, b, said in (
        (1, 1, "One. Two. Three.Four"),
        (0, 1, "One. Three.Four"),
        (0, 0, "One.Four"),
    ):
        taken = markup.Taken()
        template = wording.environment("en").from_string(markup.template_of(page, "en"))
        assert not template.render(taken=taken, a=a, b=b).strip()
        assert [piece.text for piece in taken.pieces] == [said, "1"][: 1 + a]


def test_numbers_among_words_have_a_format():
    """A cutoff of each class is worded, a number stays one; both stand at the right."""
    own = {"cutoff": [90.0, [{"group": "市", "cutoff": 85.0}]], "grade": ["A", "A"]}
    look = {"show": ["cutoff"], "cutoff": ["分数线", "Cutoff", "cutoff:g"]}
    with mock.patch.dict(wording.CATALOGUE["tables"], {"grade_counts": look}):
        words_ = [wording.Wording(language, {}) for language in LANGUAGES]
        section = Section("summary/summary", {}, {}, {"grade_counts": pd.DataFrame(own)})
        table = section._table("grade_counts", same("t"), words_, {})
    assert table.formats == {"cutoff": "g"}
    assert list(table.frame["cutoff"]) == [90.0, same("市 85")]
    assert payload(table, "en")["cells"] == [["90"], ["市 85"]]
    assert payload(table, "en")["numeric"] == [True]


def test_pages_are_those_of_the_package():
    environment = wording.environment("zh")
    for name in ("../words.zh", "/etc/hostname", "nothing.zh", "exact/flips.fr"):
        with pytest.raises(jinja2.TemplateNotFound):
            environment.get_template(name)


@pytest.mark.parametrize("value", [0.5, None, True])
def test_what_has_no_format_is_refused(value):
    with pytest.raises(TypeError):
        wording.environment("zh").from_string("{{ x }}").render(x=value)


def test_a_missing_fact_is_refused():
    with pytest.raises(jinja2.UndefinedError):
        wording.environment("zh").from_string("{{ nowhere }}").render()


def test_a_row_may_not_hide_its_facts():
    with pytest.raises(ValueError, match="items"):
        plain([{"items": 1}])


def test_phrases_have_names_of_their_own():
    """A second phrase of a name would silently take the place of the first."""
    for language in LANGUAGES:
        names = re.findall(r"\{% macro (\w+)", wording.sources()[f"{wording.PHRASES}.{language}"])
        assert len(names) == len(set(names))


def test_a_line_that_begins_and_ends_with_a_choice_is_one_of_words():
    page = (
        "Grades are\n{% if a %} as{% else %} so{% endif %}\n. Yes.\n{% if a %}\n\nNo.\n{% endif %}"
    )
    made = markup.template_of(page, "en")
    assert made.count("taken.put") == 2
    taken = markup.Taken()
    wording.environment("en").from_string(made).render(taken=taken, words=None, a=True)
    assert [piece.text for piece in taken.pieces] == ["Grades are as. Yes.", "No."]


def test_codes_may_stand_among_the_numbers_of_a_column():
    """Numbers keep their format and stay numbers for the files; codes become words."""
    frame = pd.DataFrame({"a": [0.895, 0.9]}, index=["甲", "乙"])
    blocks = pages.moving(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame))
    (table,) = [b for b in blocks if isinstance(b, DataTable) and b.name == "cutoff_flips"]
    on_line, below = table.frame.loc[table.frame["line"].map(lambda x: x.zh) == "A分数线", "shift"]
    assert (on_line.zh, on_line.en) == ("正好在分数线上", "on the cutoff") and below == -0.5
    assert table.formats["shift"] == "+.4f"


CHAPTERS = sorted({page.partition("/")[0] for page in PAGES} - {wording.PHRASES})
BESIDE = ["change_figures", "changed", "choosing", "figures", "flagged", "lines", "shared"]


def complaints(tree):
    """The parts of a module that stand in what it raises."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            yield from map(id, ast.walk(node))
        # a text that is made first and raised then
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "text":
            yield from map(id, ast.walk(node))


@pytest.mark.parametrize("name", [*CHAPTERS, *BESIDE])
def test_no_sentence_stands_in_a_file_of_facts(name):
    """Chinese characters stand in docstrings and errors alone; `say` and `Text` word nothing."""
    path = wording.PAGES.parent / f"{name}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spared = set(complaints(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            spared.add(id(node.body[0].value))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in spared
        ):
            assert not re.search(r"[\u4e00-\u9fff]", node.value), (name, node.lineno, node.value)
        if isinstance(node, ast.Call) and id(node) not in spared:
            called = getattr(node.func, "id", "")
            literal = [part for part in node.args if isinstance(part, ast.Constant)]
            assert called != "say" and not (called == "Text" and literal), (name, node.lineno)


def test_pairs_beyond_those_that_are_named_are_counted():
    """Six near-copies make fifteen pairs, of which six are named."""
    base = np.linspace(0.1, 0.9, 20)
    frame = pd.DataFrame(
        {f"x{j}": base + 0.001 * ((np.arange(20) * (j + 1)) % 7) for j in range(6)},
        index=[f"u{k}" for k in range(20)],
    )
    scheme = qt.Scheme.flat(dict.fromkeys(frame, 100 / 6), {"A": 50, "B": 0})
    text = pages.overlaps(qt.assess(scheme, frame))[0].text
    assert "等15项" in text.zh and "and so on (15 in all)" in text.en


def test_why_importance_is_not_known():
    """Scores that do not differ; scores that do, while no indicator is scored on enough units."""
    names, rows = [f"u{k}" for k in range(15)], range(15)
    apart = pd.DataFrame(
        {a: [0.05 * k if k // 5 == j else np.nan for k in rows] for j, a in enumerate("abc")},
        index=names,
    )
    alike = pd.DataFrame(0.5, names, list("abc"))
    scheme = qt.Scheme.flat({"a": 40, "b": 30, "c": 30}, {"A": 50, "B": 0})
    blank = {"blank": "not_applicable", "not_applicable": "renormalise"}
    scheme = scheme.model_copy(update={"missing": scheme.missing.model_copy(update=blank)})
    for frame, said in ((apart, "至少8家"), (alike, "得分没有差异")):
        assert said in pages.effective(qt.assess(scheme, frame))[0].text.zh


@pytest.mark.parametrize(
    ("low", "high", "zh", "en"),
    [
        (1, 0, "最低1个数值按", "the 1 lowest value counts as the next to it"),
        (0, 2, "最高2个数值按", "the 2 highest values count as the next to them"),
        (2, 1, "最低2个、最高1个数值按", "the 2 lowest and the 1 highest values count"),
    ],
)
def test_outliers_of_one_side_are_said_alone(low, high, zh, en):
    rule = {"sentence": same("x"), "low": low, "high": high, "log": False}
    said = wording.phrase("scoring", {}, rule)
    assert zh in said.zh and en in said.en and "0" not in said.zh + said.en

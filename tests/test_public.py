"""What is public is shown: every public name stands in a notebook or in the README, whose two
halves say the same; all that they and the page on the architecture name exists."""

import importlib
import inspect
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

import qtoolkit as qt

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HALVES = dict(zip(("zh", "en"), README.split("\n---\n"), strict=True))
TWO_COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/qtoolkit run city-2026",
    'python3 -m venv .venv-test && .venv-test/bin/pip install -e ".[test]" '
    "&& .venv-test/bin/python -m pytest",
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMENT = re.compile(r"(?:^|(?<=\s))#\s.*$", re.M)


def blocks_of(text):
    """(language, code without its comments) of each fenced block."""
    return [
        (language, "\n".join(line.rstrip() for line in COMMENT.sub("", code).splitlines()))
        for language, code in FENCE.findall(text)
    ]


def code_of(text):
    """The lines of fenced code and the spans of code in prose, comments left out."""
    lines = [line for _, code in blocks_of(text) for line in code.splitlines()]
    return lines + SPAN.findall(FENCE.sub("", text))


def notebook_lines():
    """The lines of the notebooks' code."""
    return [
        line
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        for line in cell.source.splitlines()
    ]


def public_names(topic):
    """The public names of a topic: those that it lists, or else those that it defines."""
    module = importlib.import_module(f"qtoolkit.{topic}")
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return list(listed)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


def is_topic(name):
    return inspect.ismodule(getattr(qt, name))


TOPICS = [name for name in qt.__all__ if is_topic(name)]
PUBLIC = [("qt", name) for name in qt.__all__] + [
    (topic, name) for topic in TOPICS for name in public_names(topic) if name not in qt.__all__
]


def missing(names, lines):
    """The (place, name) pairs that no line names together as words."""
    words = [set(re.findall(r"\w+", line)) for line in lines]
    return [pair for pair in names if not any(set(pair) <= line for line in words)]


@pytest.mark.parametrize("language", HALVES)
def test_every_public_name_is_shown(language):
    """In each half of the README by itself, since either is read alone."""
    shown = code_of(HALVES[language]) + notebook_lines()
    assert missing(PUBLIC, shown) == []
    assert missing([("cutoffs", "no_such_call")], shown)


def test_there_are_public_names_to_look_for():
    assert len(PUBLIC) > 100 and {"robustness", "cutoffs", "alternatives"} <= set(TOPICS)


def test_all_that_is_shown_exists():
    dotted = re.compile(r"\bqt((?:\.\w+)+)")
    shown = [name for line in code_of(README) + notebook_lines() for name in dotted.findall(line)]
    assert len(shown) > 100
    for name in shown:
        first, *rest = name.strip(".").split(".")
        value = getattr(qt, first)
        for part in rest:
            value = getattr(value, part)


def test_the_two_commands_open_both_halves():
    for half in HALVES.values():
        assert [code for _, code in FENCE.findall(half)[:2]] == [f"{c}\n" for c in TWO_COMMANDS]
        assert half.index("params/city-2026/memo.png") < half.index(TWO_COMMANDS[0])


def test_both_halves_hold_the_same_code_links_sections_and_tables():
    zh, en = HALVES["zh"], HALVES["en"]
    assert blocks_of(zh) == blocks_of(en)
    links = [sorted(set(re.findall(r"\]\(([^)#]+)\)", half))) for half in (zh, en)]
    assert links[0] == links[1]
    prose = [FENCE.sub("", half) for half in (zh, en)]
    headings = [re.findall(r"^#+(?= )", half, re.M) for half in prose]
    assert headings[0] == headings[1]
    rows = [re.findall(r"^\|.*$", half, re.M) for half in prose]
    assert [row.count("|") for row in rows[0]] == [row.count("|") for row in rows[1]]


def test_each_half_is_in_one_language():
    """Names that are typed, such as a column's, stand in code."""
    prose = SPAN.sub("", FENCE.sub("", HALVES["en"]))
    assert re.findall(r"^.*[\u4e00-\u9fff].*$", prose, re.M) == ["[中文](#qtoolkit)"]


def test_files_that_are_linked_are_there():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).is_file(), link


def test_what_the_architecture_names_is_there():
    """Files by their path from the package or the project, or by name within a room; names as
    words of the source."""
    spans = set(SPAN.findall((ROOT / "qtoolkit" / "ARCHITECTURE.md").read_text(encoding="utf-8")))
    files = {span for span in spans if re.search(r"\.(py|md)$|/$", span)}
    ours = [path for top in ("qtoolkit", "tests") for path in (ROOT / top).rglob("*.py")]
    for name in files:
        is_path = any((root / name).exists() for root in (ROOT, ROOT / "qtoolkit"))
        assert is_path or any(path.as_posix().endswith(f"/{name}") for path in ours), name
    words = set(re.findall(r"\w+", " ".join(path.read_text(encoding="utf-8") for path in ours)))
    words |= {path.stem for path in ours} | {path.parent.name for path in ours}
    named = {span for span in spans - files if re.fullmatch(r"[\w.]+", span)}
    assert len(files) > 80 and len(named) > 50
    assert {word for span in named for word in re.findall(r"\w+", span)} <= words | {"yaml"}


@pytest.mark.parametrize("language", HALVES)
def test_the_region_that_the_readme_writes_is_one(language):
    (code,) = [code for kind, code in FENCE.findall(HALVES[language]) if "region:" in code]
    given = yaml.safe_load(code)["region"]
    points = dict.fromkeys(given["rank_order"], 100 / len(given["rank_order"]))
    frame = pd.DataFrame([dict.fromkeys(points, 0.5)])
    result = qt.assess(qt.Scheme.flat(points, {"A": 90, "B": 0}), frame)
    bound = qt.regions.read(given, result).at(result)
    # of three that fall from 125/3 at most to 25 at least: the first has a third, the second half
    # of what the most of the first leaves
    assert bound.lo.tolist() == pytest.approx([100 / 3, (100 - 125 / 3) / 2, 25.0])

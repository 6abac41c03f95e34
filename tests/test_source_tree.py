"""What must hold of the source itself: one engine, floors, sentences in both languages, a light
import."""

import ast
import graphlib
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

import qtoolkit

ROOT = Path(qtoolkit.__file__).parent
FILES = sorted(
    path
    for path in ROOT.rglob("*.py")
    if "_notebooks" not in path.parts and "_params" not in path.parts
)
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]
# From below; what is not named stands with the topics. Of two names that fit, the longer counts.
FLOORS = [
    ("engine",),
    ("language",),
    ("errors",),
    ("limits", "filing", "lines", "display", "inputs.numbertext"),  # what reading a cell needs
    ("models",),
    ("rules",),
    # Excel's ground floor: bytes to grids of cells, and whole files
    (
        "workbooks.package",
        "workbooks.sheetxml",
        "workbooks.sheetcells",
        "workbooks.reading",
        "workbooks.writing",
    ),
    ("inputs", "workbooks.schemesheets", "workbooks.schemebook"),
    ("topics",),
    ("report",),
    ("workbooks",),  # Excel's upper floor: template, collect, recheck, tables
    ("runs", "tuning", "__main__"),
]

# Ranking, binning and rounding belong to the engine. Elsewhere only these, none of which touches a
# score:
ALLOWED = {
    ("robustness/contested.py", "lexsort"): "where pairs come near, along a line",
    ("robustness/closing.py", "argsort"): "the nearest rivals, for a trial",
    ("robustness/closing.py", "ceil"): "whole steps of points",
    ("robustness/closing.py", "floor"): "whole steps of points",
    ("robustness/closing.py", "rint"): "whole steps of points",
    ("robustness/closing.py", "searchsorted"): "the piece of a ratio",
    ("robustness/conditions.py", "ceil"): "whole rounding steps between units, for a program",
    ("robustness/conditions.py", "floor"): "whole rounding steps between units, for a program",
    ("robustness/contested.py", "ceil"): "where on a line a score rounds to another number",
    ("robustness/contested.py", "floor"): "where on a line a score rounds to another number",
    ("robustness/programs.py", "argsort"): "the best exchange of points",
    ("robustness/programs.py", "rint"): "whole numbers of a solution",
    ("robustness/flips.py", "lexsort"): "pieces of points by what they are worth",
    ("robustness/flips.py", "ceil"): "whole steps of points",
    ("robustness/flips.py", "floor"): "whole steps of points",
    ("robustness/intervals.py", "argsort"): "neighbours, before rounding",
    ("robustness/ranks.py", "ceil"): "a count from a solver's bound",
    (
        "robustness/rivals.py",
        "searchsorted",
    ): "counts of intervals, of scores finished by the engine",
    ("regions/chains.py", "searchsorted"): "draws of a count from its distribution",
    ("report/blocks.py", "ceil"): "lines of print",
    ("report/blocks.py", "round"): "a colour's red, green and blue",
    ("report/figures.py", "floor"): "the left end of an axis",
    (
        "runs/checker.py",
        "round",
    ): "a second program on purpose, which shares nothing with the engine",
}
MOST_BRANCHES = 15
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ENGINE_ONLY = {
    "argsort",
    "lexsort",
    "rankdata",
    "digitize",
    "searchsorted",
    "cut",
    "qcut",
    "rank",
    "round",
    "rint",
    "around",
    "floor",
    "ceil",
    "nlargest",
    "nsmallest",
}


def tree(name):
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def floor_of(module):
    """The floor of a module of ours, by its dotted name without the package."""
    named = {name: floor for floor, names in enumerate(FLOORS) for name in names}
    parts = module.split(".")
    fitting = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((named[name] for name in fitting if name in named), named["topics"])


def module_of(name):
    """The dotted name of a file of ours, without the package; of the package itself, ""."""
    return name.removesuffix(".py").replace("/", ".").removesuffix("__init__").removesuffix(".")


def is_for_typing_or_a_script(node):
    """Whether what stands below is for type checkers alone, or for a file that is run by itself."""
    test = ast.dump(node.test) if isinstance(node, ast.If) else ""
    return "TYPE_CHECKING" in test or "__main__" in test


def imports(name):
    """(line, dotted name without the package) of each module of ours that a file imports, inside
    functions too."""
    modules = set(map(module_of, NAMES))
    below = [tree(name)]
    while below:
        node = below.pop()
        if is_for_typing_or_a_script(node):
            continue
        below += ast.iter_child_nodes(node)
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [
                full if full.removeprefix("qtoolkit.") in modules else node.module for full in whole
            ]
        for module in found:
            if module.split(".")[0] == "qtoolkit":
                yield node.lineno, module.removeprefix("qtoolkit").removeprefix(".")


def circle(graph):
    """Modules that import each other in a circle; None where there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return None


def called(node):
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


@pytest.mark.parametrize("name", NAMES)
def test_ranks_bins_and_rounding_live_in_the_engine_alone(name):
    if name.startswith("engine/"):
        return
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and (word := called(node)) in ENGINE_ONLY:
            ours = isinstance(node.func, ast.Name) and word == "rank"  # the engine's own verb
            harmless = (
                isinstance(node.func, ast.Attribute)
                and getattr(node.func.value, "id", "") == "math"
            )
            assert ours or harmless or (name, word) in ALLOWED, f"{name}:{node.lineno}: {word}"


@pytest.mark.parametrize("name", NAMES)
def test_a_lower_floor_never_imports_a_higher_one(name):
    if name == "__init__.py":
        return
    own = floor_of(module_of(name))
    for line, module in imports(name):
        if module:
            assert floor_of(module) <= own, f"{name}:{line}: {module}"


def test_the_floors_of_the_excel_wing():
    """Reading stands below the inputs, the recheck workbook above the report."""
    order = ["engine.core", "errors", "limits", "workbooks.sheetxml", "inputs.case"]
    order += ["importance", "report.rules", "workbooks.recheck", "runs.cli"]
    floors = [floor_of(module) for module in order]
    assert floors == sorted(set(floors))
    assert floor_of("workbooks.schemebook") == floor_of("inputs.case")


def test_no_modules_import_each_other_in_a_circle():
    graph = {module_of(name): {module for _, module in imports(name)} for name in NAMES}
    del graph[""]  # the face, which loads its topics when they are asked for
    assert sum(map(len, graph.values())) > 2 * len(graph)
    assert circle(graph) is None
    low, high = "workbooks.package", "inputs.case"
    graph[low] = {*graph[low], high}
    assert circle(graph) is not None and {low, high} <= set(circle(graph))


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("engine/")])
def test_the_engine_knows_numpy_and_itself_alone(name):
    """It is arrays in, arrays out: no labels, no files, no sentences."""
    modules = [
        module
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
        )
    ]
    for module in modules:
        first = module.split(".")[0]
        assert (
            first == "numpy"
            or first in sys.stdlib_module_names
            or (module == "qtoolkit.engine" or module.startswith("qtoolkit.engine."))
        ), f"{name}: {module}"


def placeholders(text):
    return sorted({field for _, field, _, _ in string.Formatter().parse(text) if field})


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_is_literal_in_both_languages_with_the_same_placeholders(name):
    for node in ast.walk(tree(name)):
        if not isinstance(node, ast.Call) or called(node) not in ("say", "Text"):
            continue
        if called(node) == "say":
            words = {
                keyword.arg: keyword.value
                for keyword in node.keywords
                if keyword.arg in ("zh", "en")
            }
            assert all(isinstance(value, ast.Constant) for value in words.values()) and set(
                words
            ) == {"zh", "en"}, node.lineno
            zh, en = words["zh"].value, words["en"].value
            assert placeholders(zh) == placeholders(en), f"{name}:{node.lineno}"
            given = {keyword.arg for keyword in node.keywords} - {"zh", "en", None}
            assert set(placeholders(zh)) == given, f"{name}:{node.lineno}"
        elif len(node.args) == 2 and all(isinstance(arg, ast.Constant) for arg in node.args):
            zh, en = (arg.value for arg in node.args)
        else:
            continue
        assert not re.search(r"[\u4e00-\u9fff]", en), f"{name}:{node.lineno}: {en}"
        assert not re.search(
            r"[\u4e00-\u9fff”][,;?]|[\u4e00-\u9fff]:(?!\w)", zh.replace("键: 值", "")
        ), f"{name}:{node.lineno}: {zh}"


@pytest.mark.parametrize("name", NAMES)
def test_no_assert_no_print_no_swallowed_exception(name):
    for node in ast.walk(tree(name)):
        assert not isinstance(node, ast.Assert), f"{name}:{node.lineno}"
        if isinstance(node, ast.Call) and called(node) == "print":
            assert name == "runs/cli.py", f"{name}:{node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or getattr(node.type, "id", "") in (
                "Exception",
                "BaseException",
            )
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            assert raises or not broad, f"{name}:{node.lineno}"


def branches(node):
    """How many ways a part of a function adds to it, as radon counts them."""
    match node:
        case ast.If() | ast.IfExp() | ast.Assert():
            return 1
        case ast.For() | ast.AsyncFor() | ast.While():
            return 1 + bool(node.orelse)
        case ast.Try() | ast.TryStar():
            return len(node.handlers) + bool(node.orelse)
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.comprehension():
            return 1 + len(node.ifs)
        case ast.Match():
            return len(node.cases)
    return 0


def complexity(function):
    """The cyclomatic complexity of a function without the functions defined inside it; boolean
    operators and comprehensions count."""
    total, below = 1, list(function.body)
    while below:
        node = below.pop()
        if not isinstance(node, FUNCTIONS):
            total += branches(node)
            below += ast.iter_child_nodes(node)
    return total


def test_complexity_is_counted_by_hand():
    source = """
def f(a, b):
    if a and b or not a:                     # 1, and 2 operators
        return [x for x in a if x if b]      # 1, and 2 conditions
    for x in a:                              # 1
        try:
            b = 1 if x else 2                # 1
        except ValueError:                   # 1
            def g(y):
                return 1 if y else 2         # its own
        else:                                # 1
            while b:                         # 1
                b -= 1
    return g
"""
    f = ast.parse(source).body[0]
    g = next(node for node in ast.walk(f) if getattr(node, "name", "") == "g")
    assert complexity(f) == 1 + 3 + 3 + 1 + 1 + 1 + 1 + 1 and complexity(g) == 2


@pytest.mark.parametrize("name", NAMES)
def test_no_function_is_too_complex_to_read(name):
    for node in ast.walk(tree(name)):
        if isinstance(node, FUNCTIONS[:2]):
            assert complexity(node) <= MOST_BRANCHES, f"{name}:{node.lineno}: {node.name}"


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, qtoolkit; print(sorted(m for m in sys.modules if '.' not in m))"
    environment = {"PYTHONPATH": str(ROOT.parent), "PATH": "", "SYSTEMROOT": ""}
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    ).stdout
    heavy = {
        "pandas",
        "numpy",
        "scipy",
        "matplotlib",
        "seaborn",
        "papermill",
        "jinja2",
        "typst",
        "docx",
        "pydantic",
        "typer",
    }
    assert not heavy & set(ast.literal_eval(loaded))


def test_type_checkers_see_what_the_package_gives():
    typed = next(node for node in tree("__init__.py").body if is_for_typing_or_a_script(node))
    assert {alias.asname for node in typed.body for alias in node.names} == set(qtoolkit.__all__)


def test_assessing_loads_no_report_and_no_runs():
    code = (
        "import sys, qtoolkit as qt; c = qt.read_case('tai-2001'); qt.assess(c.scheme, "
        "c.table); print(sorted(sys.modules))"
    )
    environment = {"PYTHONPATH": str(ROOT.parent), "PATH": "", "SYSTEMROOT": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert not {"matplotlib", "papermill", "qtoolkit.report", "qtoolkit.runs", "typer"} & loaded

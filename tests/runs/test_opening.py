"""`qt.open` in a kernel: what is wrong in the cell of parameters is one sentence, at once, and code
typed with Chinese punctuation is read as it was meant."""

import re
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import qtoolkit as qt
from qtoolkit import display
from qtoolkit.errors import InputError
from qtoolkit.runs import interactive
from qtoolkit.runs.knobs import RANGES, complaint_of

CALL = "import qtoolkit as qt\ncase, result = qt.open(globals())"
CELL = {
    "scheme": '"params/tai-2001/scheme.yaml"',
    "data": '"params/tai-2001/data.csv"',
    "changes": "{}",
    "language": '"zh"',
    "weight_band": "0.1",
    "draws": "1000",
}


@pytest.fixture
def shell():
    """A fresh IPython, as a kernel has one."""
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    yield made
    InteractiveShell.clear_instance()
    display.speak("zh")


def ran(shell, *cells):
    """What cells print, and the error of the last of them."""
    with capture_output() as seen:
        for cell in cells:
            result = shell.run_cell(cell, store_history=True)
    return seen, result.error_in_exec or result.error_before_exec


def cell(**changed):
    return "\n".join(f"{name} = {value}" for name, value in (CELL | changed).items())


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_what_was_read_is_shown(shell):
    seen, error = ran(shell, cell(changes='{"cutoffs.g1": 60}', language='"en"'), CALL)
    assert error is None
    (card,) = [out.data["text/html"] for out in seen.outputs]
    for part in ("params/tai-2001/scheme.yaml", "23 units", "8 indicators", "cutoffs.g1 was 55"):
        assert part in card
    assert shell.user_ns["result"].scheme.grade("g1").cutoff == 60
    assert display.spoken() == "en"


@pytest.mark.parametrize(
    ("quota", "zh", "en"),
    [
        ("3", "grades.A.quota 由 4 改为 3", "grades.A.quota was 4, is now 3"),
        ("3.0", "grades.A.quota 由 4 改为 3", "grades.A.quota was 4, is now 3"),
        ("0.25", "grades.A.quota 由 4 改为 0.25", "grades.A.quota was 4, is now 0.25"),
        ("None", "grades.A.quota 由 4 改为 不限", "grades.A.quota was 4, is now none"),
    ],
)
def test_a_changed_quota_is_shown_with_what_it_was(shell, quota, zh, en):
    files = {
        key: f'"params/city-2026/{key}.{end}"' for key, end in (("scheme", "yaml"), ("data", "csv"))
    }
    for language, line in (("zh", zh), ("en", en)):
        changes = f'{{"grades.A.quota": {quota}}}'
        seen, error = ran(shell, cell(**files, changes=changes, language=f'"{language}"'), CALL)
        assert error is None
        assert line in seen.outputs[0].data["text/html"]
    _, error = ran(shell, cell(**files, changes='{"grades.B.quota": 3}', language='"en"'), CALL)
    assert error is None and shell.user_ns["result"].scheme.grade("B").quota == 3


def test_a_quota_where_there_was_none(shell):
    seen, _ = ran(shell, cell(changes='{"grades.g1.quota": 3}', language='"en"'), CALL)
    assert "grades.g1.quota was none, is now 3" in seen.outputs[0].data["text/html"]


MISTAKES = {
    "misspelt": (dict(weight_bnd="0.2"), "“weight_bnd”", "是否应为“weight_band”"),
    "misspelt, of a notebook without it": (dict(point_stp="1"), "“point_stp”", "“point_step”"),
    "one's own": (dict(xyz="1"), "“xyz”", "qt.open(globals(), xyz=xyz)"),
    "quoted seed": (dict(seed='"0"'), "“seed”", "不加引号：0"),
    "a comma behind a number": (dict(seed="0,"), "“seed”", "应为不小于 0 的整数"),
    "quoted number": (dict(draws='"100000"'), "“draws”", "不加引号：100000"),
    "percent": (dict(weight_band='"10%"'), "“weight_band”", "不加引号：0.1"),
    "language": (dict(language='"cn"'), "“language”", "应为zh、en之一"),
    "language, for who reads no Chinese": (dict(language='"cn"'), "“language”", "one of zh, en"),
    "out of range": (dict(weight_band="10"), "“weight_band”", "不大于 1"),
    "no such file": (dict(data='"dta.csv"'), "dta.csv", "找不到文件"),
    "backslashes": (dict(data=r'"params\new.csv"'), "反斜杠", "/"),
    "region": (dict(region='{"bx": 0.1}'), "“region”", "是否应为“box”"),
    "band of a region": (dict(region='{"box": "10%"}'), "“region.box.relative”", "不加引号：0.1"),
    "hull": (dict(region='{"hull": "w.csv"}'), "“region.hull”", "找不到文件"),
    "change": (dict(changes='{"cutoff.g1": 60}'), "cutoff.g1", "是否应为“cutoffs.g1”"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_parameters_is_one_sentence_at_once(shell, mistake):
    changed, where, what = MISTAKES[mistake]
    seen, error = ran(shell, cell(**changed), CALL)
    assert isinstance(error, InputError)
    lines = plain(seen.stdout).strip().splitlines()
    assert len(lines) == 1 and where in lines[0] and what in lines[0], lines
    assert "Traceback" not in seen.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_mistake_is_said_in_the_language_of_the_notebook(shell, language):
    seen, _ = ran(shell, cell(weight_band='"10%"', wieght="1", language=f'"{language}"'), CALL)
    said = plain(seen.stdout).strip().splitlines()
    assert len(said) == 2
    assert all(bool(re.search("[一-鿿]", line)) == (language == "zh") for line in said), said


def test_a_path_of_windows_asks_for_no_other_working_directory(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)  # as in a kernel
    for path, asks in (("C:/a/b.csv", False), ("D:\\\\a\\\\b.csv", False), ("b.csv", True)):
        seen, _ = ran(shell, cell(data=f'"{path}"'), CALL)
        assert ("--cwd" in seen.stdout) == asks, path


def test_a_mistake_that_was_mended_is_forgotten(shell):
    _, error = ran(shell, cell(weight_bnd="0.2"), CALL)
    assert error is not None
    _, error = ran(shell, cell(), CALL)
    assert error is None
    # names of one's own in other cells are nobody's business
    _, error = ran(shell, "my_number = 3", CALL)
    assert error is None


def test_injected_parameters_are_looked_at_too(shell):
    _, error = ran(shell, cell(), "# Parameters\nweight_band = 0.2\nwieght = 3\n", CALL)
    assert "wieght" in str(error)
    _, error = ran(shell, cell(weight_bnd="1"), "# Parameters\nweight_band = 0.2\n", CALL)
    assert "weight_bnd" in str(error)


def test_chinese_punctuation_is_read_as_it_was_meant(shell):
    interactive.load_ipython_extension(shell)
    interactive.load_ipython_extension(shell)  # again: nothing twice
    assert shell.input_transformers_cleanup.count(interactive.as_typed) == 1
    _, error = ran(shell, "x = “甲，乙”\ny = （1，2）  # 注：好", "z = {“a”：‘b’}")
    assert error is None
    assert (shell.user_ns["x"], shell.user_ns["y"], shell.user_ns["z"]) == (
        "甲，乙",
        (1, 2),
        {"a": "b"},
    )


@pytest.mark.parametrize(
    "source",
    [
        "x = '“甲”，乙'\n",  # Python as it stands
        "x = 1  # “注”\n",
        "%matplotlib inline\n",
        "x = “甲\n",  # not closed
        'x = "甲\ny = 1”\n',  # closed in another line
        "x = “甲'\n",  # of another kind
        "x = = 1\n",
        "",
        "x = '''a\n“b”'''\n",
    ],
)
def test_other_code_stays_as_it_was(source):
    assert interactive.as_typed(source.splitlines(keepends=True)) == source.splitlines(
        keepends=True
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("f（“a”）\n", 'f("a")\n'),
        ("x = 'a，b'，1\n", "x = 'a，b',1\n"),
        ("x = “a”  # “b”，c\n", 'x = "a"  # “b”，c\n'),
        ('x = "a”  # “b”，c\n', 'x = "a"  # “b”，c\n'),
        ("x = “a\"\ny = 'b’\n", "x = \"a\"\ny = 'b'\n"),
        ('p = "D:\\新\\表.csv”\n', 'p = "D:/新/表.csv"\n'),
        ('p = "C:\\Users\\甲.csv"\n', 'p = "C:/Users/甲.csv"\n'),
        ("x = [1，2]；y = 3\n", "x = [1,2];y = 3\n"),
    ],
)
def test_what_was_meant(typed, meant):
    assert "".join(interactive.as_typed([typed])) == meant


def test_parameters_of_ones_own_are_given_by_name(shell):
    own = cell(my_knob="3")
    _, error = ran(shell, own, CALL)
    assert "my_knob" in str(error)
    _, error = ran(shell, own, CALL.replace("globals()", "globals(), my_knob=my_knob"))
    assert error is None
    _, error = ran(shell, own, CALL.replace("globals()", "scheme=scheme, data=data"))
    assert "weight_band" in str(error)  # it stands in the cell and is not passed on


def test_outside_of_a_kernel_errors_are_raised_as_ever():
    with pytest.raises(InputError, match="weight_band"):
        qt.open("tai-2001", weight_band=2)
    case, result = qt.open("tai-2001", language="zh")
    assert list(result.scores.index) == list(case.table.units)


@pytest.mark.parametrize("key", RANGES)
def test_a_text_is_no_number_and_the_number_that_was_meant_is_named(key):
    """1 is in every range; a text that says no number is refused without a hint."""
    said = complaint_of(key, "1")
    if key == "se":  # which may be the name of something else
        assert said is None
        return
    assert said is not None
    assert said.zh.endswith("，不加引号：1") == RANGES[key].holds(1)
    assert "不加引号" not in complaint_of(key, "许多").zh

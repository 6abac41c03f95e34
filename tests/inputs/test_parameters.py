"""params.yaml: strict, and nothing but what a notebook declares can reach a notebook."""

import pytest

from qtoolkit.inputs.parameters import CORE, Parameters, parameters_of, read_parameters
from tests.inputs.helpers import names, refused

TEXT = (
    "scheme: scheme.yaml\ndata: data.csv\nseed: 3\nweight_band: 0.1\nchanges: {points.a: 5, "
    "cutoffs.A: 88}\n"
)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_sound(write):
    parameters = read_parameters(write(TEXT), {"weight_band"})
    assert (
        parameters.seed == 3
        and parameters.knobs == {"weight_band": 0.1}
        and parameters.language == "zh"
    )
    assert parameters.changes == {"points.a": 5, "cutoffs.A": 88}
    assert read_parameters(write(TEXT)).knobs == {"weight_band": 0.1}
    assert "knobs" not in CORE and Parameters.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("weight_bnd: 1", ["#6", "“weight_bnd”", "“weight_band”"]),
        ("schem: x", ["#6", "“schem”", "“scheme”"]),
        ('"a\\nimport os": 1', ["#6", r"“a\nimport os”"]),
        ('"x = 1; import os": 1', ["#6", "“x = 1; import os”"]),
        ("class: 1", ["#6", "“class”"]),
        ("1x: 1", ["#6", "“1x”"]),
        ('"": 1', ["#6"]),
        ("knob: .inf", ["#6", "“knob”", "inf"]),
        ("language: de", ["#6", "“language”", "“de”", "zh"]),
        ("language: [zh]", ["#6", "“language”"]),
        ("notebooks: 01_assessment", ["#6", "“notebooks”"]),
        ("notebooks: [1]", ["#6", "“notebooks.1”"]),
        ("previous: 5", ["#6", "“previous”"]),
    ],
)
@pytest.mark.parametrize("declared", [frozenset({"weight_band", "knob"}), None])
def test_refused(write, line, parts, declared):
    if declared is None and line in ("weight_bnd: 1", "schem: x"):
        return  # any identifier may be a knob of a user's own notebook
    names(refused(read_parameters, write(TEXT + line + "\n"), declared), "params.yaml", *parts)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("seed: 3", "seed: -3", ["#3", "“seed”", "“-3”", "0"]),
        ("seed: 3", "seed: 3.5", ["#3", "“seed”", "“3.5”"]),
        ("seed: 3", "seed: true", ["#3", "“seed”", "“true”"]),
        ("seed: 3", "seed: 3\nseed: 4", ["#4", "“seed”"]),
        ("data: data.csv", "data:", ["#2", "“data”"]),
        ("data: data.csv\n", "", ["“data”"]),
        ("scheme: scheme.yaml", "scheme: [a]", ["#1", "“scheme”"]),
        ("points.a: 5", "points.a: five", ["#5", "“changes.points.a”", "“five”"]),
        ("changes: {points.a: 5, cutoffs.A: 88}", "changes: [1]", ["#5", "“changes”"]),
    ],
)
def test_core_refused(write, old, new, parts):
    assert TEXT.count(old) == 1
    names(refused(read_parameters, write(TEXT.replace(old, new))), "params.yaml", *parts)


@pytest.mark.parametrize("text", ["", "x", "[1]", "5"])
def test_no_mapping(write, text):
    names(refused(read_parameters, write(text)), "params.yaml")
    refused(parameters_of, None)


def test_all_come_together(write):
    assert (
        len(
            refused(
                read_parameters, write("schem: 1\nseed: x\nlanguage: de\n'a b': 1\n"), frozenset()
            )[0]
        )
        == 6
    )

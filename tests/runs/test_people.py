"""A run of a case with a region from experts' weights and with judgements, end to end in both
languages; the experts are made up."""

import html
import json
import shutil

import pytest

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.runs.plan import plan


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The case of TAI with two experts' weights and points."""
    folder = tmp_path_factory.mktemp("people") / "tai"
    shutil.copytree(packaged_cases() / "tai-2001", folder)
    result = qt.assess(*(getattr(qt.read_case(folder), key) for key in ("scheme", "table")))
    ids = list(result.points.index)
    own = [20, 20, 10, 10, 10, 10, 10, 10]
    rows = ["指标,甲,乙", *(f"{id},{a},{b}" for id, a, b in zip(ids, own, own[::-1], strict=True))]
    (folder / "weights.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "people").mkdir()
    (folder / "people" / "points.csv").write_text("\n".join(rows), encoding="utf-8")
    params = (folder / "params.yaml").read_text(encoding="utf-8").rstrip()
    more = (
        "region: {hull: weights.csv}\njudgements: people/points.csv\ndraws: 200\nchoice_runs: 8\n"
    )
    kept = [line for line in params.splitlines() if not line.startswith(("draws", "choice_runs"))]
    (folder / "params.yaml").write_text("\n".join([*kept, more]), encoding="utf-8")
    return folder


SAID = {
    "zh": (
        "分值在以下范围内变动：2组专家分值的所有加权平均",
        "由2位专家的判断另定分值",
        "专家打分法",
    ),
    "en": ("all weighted means of 2 experts", "the judgements of 2 experts", "experts' points"),
}


@pytest.mark.soak
@pytest.mark.parametrize("language", SAID)
def test_a_region_and_judgements_reach_the_memo(case, tmp_path, language):
    out = qt.run(
        case,
        out=tmp_path / "out",
        formats=["html"],
        language=language,
        notebooks=["02_weights", "04_sensitivity"],
    )
    memo = html.unescape((out / "memo.html").read_text(encoding="utf-8"))
    for part in SAID[language]:
        assert part in memo
    assert "±10%以内、总分不变时" not in memo
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]["region.hull"]["name"] == "weights.csv"
    assert manifest["inputs"]["judgements"]["name"] == "people/points.csv"
    assert (out / "case" / "people" / "points.csv").is_file()


def test_a_wrong_table_stops_the_plan_with_its_place(case, tmp_path):
    folder = tmp_path / "wrong"
    shutil.copytree(case, folder)
    for name, role in (("weights.csv", "乙"), ("people/points.csv", "甲")):
        path = folder / name
        good = path.read_text(encoding="utf-8")
        path.write_text(good.replace(",10,10", ",x,x", 1), encoding="utf-8")
        with pytest.raises(qt.InputError) as refused:
            plan(folder, notebooks=["02_weights", "04_sensitivity"])
        assert role in [complaint.column for complaint in refused.value.complaints]
        assert all(complaint.file == path.name for complaint in refused.value.complaints)
        path.write_text(good, encoding="utf-8")

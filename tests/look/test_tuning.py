"""Tuning by hand as its user meets it: the notebook that `qtoolkit lab` brings, in a real
JupyterLab in Chromium."""

import importlib.util
import re
import shutil
import statistics

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.models import validate
from tests.look.laboratory import ERRORS, laboratory, opened, run_all
from tests.look.reading import needs_chromium
from tests.look.test_rendered import browser
from tests.runs.here import notebooks_here

needs_lab = pytest.mark.skipif(
    importlib.util.find_spec("jupyterlab") is None, reason="needs JupyterLab"
)
PANEL = "document.querySelector('.qt .qt-unit') !== null"
PROVED = f"{PANEL} && !document.querySelector('.qt').innerText.includes('测算中')"


class Hand:
    """A hand and an eye on the panel of a page."""

    def __init__(self, page):
        self.page = page
        page.wait_for_function(PANEL, timeout=60_000)
        self.panel = page.locator(".qt")
        self.panel.evaluate("panel => panel.scrollIntoView()")

    @property
    def status(self):
        return self.page.inner_text(".qt-status")

    def grades(self):
        """Each unit's grade, by the name that is shown."""
        rows = self.page.evaluate(
            "[...document.querySelectorAll('.qt-unit')]"
            ".filter(unit => unit.getAttribute('display') !== 'none')"
            ".map(unit => ['called', 'graded']"
            ".map(name => unit.querySelector('.qt-' + name).textContent))"
        )
        return {name: re.split("→|级| ", grade)["→" in grade] for name, grade in rows}

    def settle(self):
        """Wait until nothing is asked any more, the ranges after a rest included."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector(".qt[aria-busy=false]")

    def slide(self, node, steps, pause=20):
        """Drag a slider by so many pixels."""
        slider = self.page.locator(f"[data-node={node}]")
        slider.scroll_into_view_if_needed()
        box, most = slider.bounding_box(), float(slider.get_attribute("max"))
        x = box["x"] + 7 + (box["width"] - 14) * float(slider.input_value()) / most
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, abs(steps) + 1):
            self.page.mouse.move(x + (step if steps > 0 else -step), y)
            self.page.wait_for_timeout(pause)
        self.page.mouse.up()
        self.settle()

    def drag_line(self, grade, pixels, pause=20):
        """Drag a grade's line."""
        flag = self.page.locator(f"[data-grade={grade}] rect")
        flag.scroll_into_view_if_needed()
        box = flag.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, abs(pixels) + 1):
            self.page.mouse.move(x + (step if pixels > 0 else -step), y)
            self.page.wait_for_timeout(pause)
        self.page.mouse.up()
        self.settle()

    def type(self, label, text):
        """Type into the box of this label."""
        box = self.page.get_by_label(label, exact=True).locator("visible=true").last
        box.fill(text)
        box.press("Enter")
        self.settle()

    def press(self, name, times=1):
        for _ in range(times):
            self.page.locator(".qt").get_by_role("button", name=name, exact=True).click()
        self.settle()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A case of one's own, and the port and folder of a JupyterLab on it."""
    root = tmp_path_factory.mktemp("tuning")
    case = shutil.copytree(packaged_cases() / "city-2026", root / "case")
    with laboratory(root / "lab", case, "zh") as (port, folder):
        yield case, port, folder


@needs_chromium
@needs_lab
def test_points_lines_and_quotas_by_hand_and_back_and_saved(tuned):
    case, port, _ = tuned
    with browser() as play:
        page = opened(play, port, "tuning.ipynb", width=1366, height=768)
        failed = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        run_all(page, PROVED)
        assert page.locator(ERRORS).count() == 0
        hand = Hand(page)
        hand.settle()
        written = hand.grades()
        assert len(written) == 16 and not set(written) & set(qt.read_case(case).table.units)
        assert hand.status == "等级没有变化；合计100"

        page.locator(".qt-tabs button").nth(0).focus()
        cells = page.locator(".jp-Cell").count()
        for key in ("b", "d", "d", "Enter"):  # commands of the notebook, were the focus elsewhere
            page.keyboard.press(key)
        assert page.locator(".jp-Cell").count() == cells
        slider = page.locator("[data-node=credit]")
        slider.focus()
        for key in ("ArrowRight", "ArrowRight", "PageUp", "ArrowLeft", "Control+z"):
            page.keyboard.press(key)
        hand.settle()  # 2, 2.5, 3, 8, 7.5, and back to 8
        assert page.locator("[data-box=credit]").input_value() == "8"
        hand.type("A级 名额", "二")
        assert "应为家数（如 4）" in page.inner_text(".qt-warning")  # and it stays
        hand.press("恢复写定方案")
        assert page.inner_text(".qt-warning") == "" and hand.grades() == written

        before = len(qt.tuning.read_trials(case))
        hand.page.select_option(".qt-tools select >> nth=0", "award")
        hand.slide("farm_pass", -40)
        assert hand.status.startswith("等级改变") and hand.grades() != written
        moved = page.locator("[data-box=farm_pass]").input_value()
        assert float(moved) < 12 and float(moved) % 0.5 == 0
        hand.drag_line("B", 12)
        assert float(page.get_by_label("B级 分数线", exact=True).first.input_value()) > 80
        hand.type("A级 名额", "5")
        assert page.inner_text(".qt-grade >> nth=0").endswith("家数 5（原4）")

        recorded = qt.tuning.read_trials(case)
        assert recorded["names"].tolist() == [False] * (before + 3)
        check_against_engine(case, recorded["changes"].iloc[-1], hand)

        hand.press("撤销", times=3)
        assert hand.grades() == written and hand.status == "等级没有变化；合计100"
        hand.press("重做", times=3)
        check_against_engine(case, recorded["changes"].iloc[-1], hand)

        hand.press("比较")
        assert "B级" in page.inner_text(".qt-comparison")
        hand.press("写成参数改动")
        assert "grades.A.quota: 5" in page.inner_text(".qt-changes")
        hand.press("另存为方案")
        assert "scheme-trial.yaml" in page.inner_text(".qt-saved")
        assert not failed
        shown = sorted(hand.grades().values())
    check_saved(case, shown)


def check_against_engine(case, changes, hand):
    """The grades in the page are those that `assess` gives under the changes of the record."""
    found = qt.read_case(case, changes=changes)
    result = qt.assess(found.scheme, found.table)
    tally = sorted(result.grades.astype(str))
    assert sorted(hand.grades().values()) == tally
    changed = (result.grades.astype(object) != qt.assess(*both(case)).grades.astype(object)).sum()
    assert hand.status.startswith(f"等级改变{changed}家")


def both(case):
    found = qt.read_case(case)
    return found.scheme, found.table


def check_saved(case, shown):
    """The saved scheme passes `check`, and its run gives the grades that were seen."""
    params = (case / "params.yaml").read_text(encoding="utf-8")
    assert "scheme: scheme.yaml" in params
    (case / "params.yaml").write_text(
        params.replace("scheme: scheme.yaml", "scheme: scheme-trial.yaml"), encoding="utf-8"
    )
    written = (case / "scheme.yaml").read_text(encoding="utf-8")
    saved = (case / "scheme-trial.yaml").read_text(encoding="utf-8")
    assert [line for line in saved.splitlines() if line.startswith("#")] == [
        line for line in written.splitlines() if line.startswith("#")
    ]
    with notebooks_here():
        run = qt.run(case, case.parent / "run", notebooks=["01_assessment"], formats=["html"])
    scores = pd.read_csv(run / "tables" / "scores.csv")
    assert sorted(grade.removesuffix("级") for grade in scores["初评等级"]) == shown


@needs_chromium
@needs_lab
@pytest.mark.soak
@pytest.mark.parametrize("name", ["city-2026", "31 × 40", "300 × 40"])
def test_how_long_it_takes_from_the_hand_to_the_picture(tmp_path, name):
    case = tmp_path / "case"
    if name == "city-2026":
        shutil.copytree(packaged_cases() / name, case)
    else:
        write_case(case, *map(int, name.split(" × ")))
    node = qt.read_case(case).scheme.leaves[1].id
    with laboratory(tmp_path / "lab", case, "zh") as (port, _), browser() as play:
        page = opened(play, port, "tuning.ipynb", width=1366, height=768)
        run_all(page, PANEL)
        hand = Hand(page)
        page.wait_for_timeout(20_000)  # until the background is done with the written scheme
        page.evaluate("performance.clearMeasures()")
        for _ in range(3):
            hand.slide(node, 30, pause=100)
            hand.slide(node, -30, pause=100)
            hand.drag_line(qt.read_case(case).scheme.grades[1].id, 15, pause=100)
        for kind in ("drag", "line", "rest"):
            found = page.evaluate(
                "kind => performance.getEntriesByName('qtoolkit-tuning-' + kind)"
                ".map(entry => entry.duration)",
                kind,
            )
            share = statistics.quantiles(found, n=20)
            print(f"{name} {kind}: {len(found)}, median {share[9]:.0f} ms, 95% {share[18]:.0f} ms")
            assert len(found) > 5


def write_case(folder, n, d):
    """A case of n units and d indicators in blocks of eight, with a quota for the best grade."""
    blocks = [
        {
            "id": f"block{k}",
            "name": f"block{k}",
            "children": [
                {"id": f"x{j}", "name": f"x{j}", "points": 100 / d, "rule": {"kind": "share"}}
                for j in range(k, k + 8)
            ],
        }
        for k in range(0, d, 8)
    ]
    grades = [("A", 90, {"quota": 0.3}), ("B", 80, {}), ("C", 60, {}), ("D", 0, {})]
    data = {
        "id": "made-up",
        "name": "made-up",
        "synthetic": True,
        "rounding": {"total": {"decimals": 2}},
        "indicators": blocks,
        "grades": [{"id": id, "cutoff": float(x), **more} for id, x, more in grades],
    }
    scheme = validate(qt.Scheme, data, None)
    random = np.random.default_rng(0)
    shares = random.normal(0.88, 0.06, (n, 1)) + random.normal(0, 0.12, (n, d))
    units = pd.Index([f"unit {k}" for k in range(n)], name="unit")
    frame = pd.DataFrame(shares.clip(0, 1).round(3), units, [leaf.id for leaf in scheme.leaves])
    folder.mkdir()
    (folder / "scheme.yaml").write_text(scheme_yaml(scheme), encoding="utf-8")
    frame.to_csv(folder / "data.csv")
    (folder / "params.yaml").write_text("scheme: scheme.yaml\ndata: data.csv\n", encoding="utf-8")

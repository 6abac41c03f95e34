"""Many units and indicators: small payloads whose files hold all, searches for some that equal
those for all, and the whole run within its limits of time, memory, pages and bytes (marker soak;
`-s` prints the figures)."""

import csv
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import openpyxl
import pytest

import qtoolkit as qt
from qtoolkit.report import assessment as views
from qtoolkit.report import choosing, figures, rules, sensitivity
from qtoolkit.report import scheme as scheme_views
from qtoolkit.report.blocks import Chart, DataTable, payload
from qtoolkit.report.picture import picture
from qtoolkit.robustness import tolerances
from qtoolkit.runs import outputs
from qtoolkit.workbooks.tables import write_workbook
from tests import pages
from tests.scale.large import write_case

UNITS, LEAVES = 3000, 100
SHOWN_BYTES = 200_000  # of a block as it is shown, without the data of its files
PICTURE_BYTES = 200_000  # of a figure
CELL_BYTES = 16  # of a number in the data of a table, on average

R = qt.robustness
BAND = qt.regions.Box(relative=0.1)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    case = qt.read_case(write_case(tmp_path_factory.mktemp("large") / "case", UNITS, LEAVES))
    return qt.assess(case.scheme, case.table)


@pytest.fixture(scope="module")
def middling(tmp_path_factory):
    case = qt.read_case(write_case(tmp_path_factory.mktemp("middling") / "case", 80, 12))
    return qt.assess(case.scheme, case.table)


def cheap(result):
    """The blocks of views that take no search."""
    return [
        *scheme_views.units(result),
        *scheme_views.indicators(result),
        *views.results(result),
        *pages.operation(result),
        *pages.losses(result),
        *pages.lists(result),
        *views.details(result),
        *rules.rules(result),
        *sensitivity.ranges(result, R.score_range(result, BAND), BAND),
    ]


def test_a_large_case_has_what_a_real_one_has(large):
    assert large.matrix.shape == (UNITS, LEAVES) and set(large.grades) == set("ABCD")
    assert (
        large.engine.rivals
        and large.matrix.isna().any(axis=None)
        and (large.steps["set_by"] != "score").any()
    )


def test_no_block_of_three_thousand_units_is_large(large):
    for block in cheap(large):
        data = payload(block, "zh", True)
        whole = data.pop("data", [])
        assert len(json.dumps(data, ensure_ascii=False).encode()) < SHOWN_BYTES, data
        cells = sum(map(len, whole))
        assert len(json.dumps(whole).encode()) < CELL_BYTES * cells + SHOWN_BYTES
        if isinstance(block, Chart):
            assert len(picture(block, "zh")) < PICTURE_BYTES, block.name
        elif isinstance(block, DataTable):
            assert len(whole) == len(block.frame)  # all rows go to the files
            assert len(data["cells"]) <= 120 and max(map(len, data["cells"])) <= 45
            assert (len(data["cells"]) < len(whole)) <= ("note" in data)
        else:
            assert len(data["text"]) < 4_000, data["text"][:100]


def test_the_files_hold_every_row_and_column(large, tmp_path):
    blocks = [
        payload(block, "zh") for block in views.details(large) if isinstance(block, DataTable)
    ]
    outputs.write_tables(blocks, tmp_path / "tables")
    with (tmp_path / "tables" / "details.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == UNITS + 1 and {len(row) for row in rows} == {LEAVES + 3}
    labels = {label.zh: unit for unit, label in large.labels.items()}
    for row in rows[1::500]:  # points on each leaf: share × points, by hand
        unit = labels[row[0]]
        shares = large.matrix.loc[unit].to_numpy() * large.points.to_numpy()
        shown = np.array([float(cell) if cell else np.nan for cell in row[1:-2]])
        assert np.allclose(shown, shares, equal_nan=True)


def test_the_workbook_holds_every_row_as_well(large, tmp_path):
    blocks = [
        payload(block, "zh") for block in views.results(large) if isinstance(block, DataTable)
    ]
    write_workbook(blocks, tmp_path / "tables.xlsx")
    [sheet] = openpyxl.load_workbook(tmp_path / "tables.xlsx", read_only=True).worksheets
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == UNITS + 2 and [list(row) for row in rows[2:]] == blocks[0]["data"]
    assert list(rows[1]) == blocks[0]["whole"]["header"]


def test_the_rows_shown_are_those_nearest_to_a_cutoff_and_the_note_says_so(large):
    table = next(block for block in views.results(large) if isinstance(block, DataTable))
    data = payload(table, "en")
    base, lines = large.base.to_numpy() / 10**10, [84.995, 74.995, 64.995]  # two decimals, half up
    ceiling = large.table.vetoes.any(axis=1)  # a vetoed unit has no cutoff to cross
    near = np.min([np.abs(base - line) for line in lines], axis=0)
    farthest_shown = np.sort(near[~ceiling])[29] + 1e-9
    shown = {row[1] for row in data["cells"]}
    names = {label.en: unit for unit, label in large.labels.items()}
    assert len(shown) == 30 and all(
        near[large.scores.index.get_loc(names[name])] <= farthest_shown for name in shown
    )
    assert data["note"] == (
        "Of 3000 rows 30 are shown: those whose scores lie nearest to a cutoff. The whole table: "
        "tables/scores.csv and tables.xlsx."
    )
    assert re.findall(r"\d+", data["note"]) == re.findall(r"\d+", payload(table, "zh")["note"])


def test_groups_of_a_map_are_means_of_units_that_follow_in_rank(large):
    groups = figures.by_rank(large)
    order = large.ranks.sort_values(kind="stable").index
    size = UNITS // choosing.CHOSEN
    by_hand = [
        large.matrix.loc[order[size * g : size * (g + 1)]].mean() for g in range(choosing.CHOSEN)
    ]
    assert np.allclose(groups.to_numpy(), np.array(by_hand))


def test_a_search_for_some_units_equals_the_search_for_all(middling):
    some = middling.scores.index[10:30]
    for found in (
        lambda **more: R.cheapest_flip(middling, **more).table,
        lambda **more: R.cheapest_flip(middling, 0.5, **more).table,
    ):
        whole, part = found(), found(units=some)
        assert list(part.index) == list(some)
        assert part.drop(columns="recipe").equals(whole.loc[some].drop(columns="recipe"))
        assert part["recipe"].map(str).equals(whole.loc[some, "recipe"].map(str))
    region = qt.regions.Box(relative=0.02)
    whole, part = (
        R.rank_range(middling, region, units=units).table for units in (None, tuple(some))
    )
    exact_ = (whole.loc[some, "status"] == "exact") & (part["status"] == "exact")
    assert exact_.any() and part.loc[exact_, ["best", "worst"]].equals(
        whole.loc[some].loc[exact_, ["best", "worst"]]
    )
    assert (part["best"] <= part["attained_best"]).all() and (
        part["worst"] >= part["attained_worst"]
    ).all()


def test_a_map_of_some_indicators_equals_that_part_of_the_whole(middling):
    leaves = list(middling.points.index[[1, 4, 7, 10]])
    whole, part = R.transfer_map(middling), R.transfer_map(middling, leaves)
    assert part.table.equals(whole.table.loc[leaves, leaves]) and part.unit.equals(
        whole.unit.loc[leaves, leaves]
    )


def test_coarse_tolerances_claim_no_more(middling, monkeypatch):
    """Of a large case the same proofs on fewer bands: no tolerance grows, and points drawn inside
    it change no grade."""
    fine = R.tolerance(middling).table
    monkeypatch.setattr(tolerances, "LARGE", 0)
    coarse = R.tolerance(replace(middling)).table  # a new one: what is remembered goes with the old
    known = fine["tolerance"].notna()
    assert (coarse.loc[known, "tolerance"] <= fine.loc[known, "tolerance"] + 1e-12).all()
    proven = coarse[(coarse["status"] == "at least") & (coarse["tolerance"] > 0)]
    assert len(proven)
    random, points = np.random.default_rng(0), middling.points.to_numpy()
    for unit, rho in proven["tolerance"].head(10).items():
        moves = random.uniform(-1, 1, (40, points.size)) * points
        moves -= points * (moves.sum(axis=1, keepdims=True) / points.sum())
        moves *= 0.999 * rho / np.abs(moves / points).max(axis=1, keepdims=True)
        for move in moves:
            again = middling.what_if(
                dict(zip(middling.points.index, points + move, strict=True)), spread="none"
            )
            assert again.grades[unit] == middling.grades[unit]


def test_few_units_are_all_searched(middling, large, monkeypatch):
    assert (
        list(choosing.edge(middling)) == list(middling.scores.index)
        and choosing.searched(middling) is None
    )
    assert len(choosing.edge(large)) == choosing.CHOSEN
    monkeypatch.setattr(choosing, "CHOSEN", 8)  # the search for 40 of them takes half a minute
    flips = pages.flips(large)
    notes = [block.text.en for block in flips if getattr(block, "style", "") == "note"]
    assert any("There are 3000 units: this is computed for the 8 " in note for note in notes)


def test_draws_of_a_large_case_are_fewer(large, middling):
    assert qt.simulation.affordable(middling, 100_000) == 100_000
    assert qt.simulation.affordable(large, 100_000) == 1_500_000_000 // (UNITS * LEAVES)
    assert qt.simulation.affordable(large, 500) == 500
    assert (
        qt.simulation.affordable_runs(middling, 1024) == 1024
        and qt.simulation.affordable_runs(large, 1024) == 64
    )


def processes(root):
    """A process and all that it started, by their numbers (Linux)."""
    found = [root]
    try:
        for task in os.listdir(f"/proc/{root}/task"):
            with open(f"/proc/{root}/task/{task}/children") as file:
                for child in file.read().split():
                    found += processes(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ended meanwhile
    return found


def resident(process):
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended meanwhile


def pages_of(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.soak
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory of processes is read from /proc"
)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("units", "leaves", "length", "previous"),
    [(3000, 100, 0, False), (3000, 100, 0, True), (20, 300, 200, False)],
)
def test_the_whole_run_is_within_its_limits(tmp_path, units, leaves, length, previous, language):
    case = write_case(tmp_path / "case", units, leaves, length, language, previous)
    command = [
        sys.executable,
        "-P",
        "-m",
        "qtoolkit.runs.cli",
        "run",
        str(case),
        "-o",
        str(tmp_path / "run"),
    ]
    start, most = time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while process.poll() is None:
        most = max(most, sum(map(resident, set(processes(process.pid)))))
        time.sleep(0.2)
    seconds, said = time.monotonic() - start, process.stdout.read().decode()
    assert process.returncode == 0, said
    memo = {path.suffix: path.read_bytes() for path in (tmp_path / "run").glob("memo.*")}
    size, pages = max(map(len, memo.values())), pages_of(memo[".pdf"])
    print(
        f"\n{units} × {leaves}, {language}, previous {previous}: {seconds:.0f} s, {most / 1e9:.2f} "
        f"GB, {pages} pages, {size / 1e6:.1f} MB"
    )
    assert seconds < 300 and most < 2e9 and pages < 60 and size < 5e6

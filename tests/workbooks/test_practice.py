"""The practice sheet: what an office's sheet holds, and its scores and tolerances by hand."""

import csv
import re
from fractions import Fraction

import openpyxl
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.workbooks.practice import write_practice

POINTS = [15, 25, 10, 15, 15, 20]


def cells(language):
    path = packaged_cases() / "tutorial" / f"sheet.{language}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def mended(folder, language):
    """The sheet as the tutorial mends it, and the scheme."""
    sheet, scheme = write_practice(folder, language)
    frame = pd.read_excel(sheet, header=1, dtype=object, engine="calamine").iloc[:, :-1]
    frame.iloc[4, 2], frame.iloc[5, 3] = 21.0, "not_reported"
    frame.to_excel(folder / "mended.xlsx", index=False)
    return qt.read_case(scheme=scheme, data=folder / "mended.xlsx")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sheet_in_excel_has_a_merged_title_and_every_blemish(tmp_path, language):
    sheet, _ = write_practice(tmp_path, language)
    page = openpyxl.load_workbook(sheet).active
    assert [str(merged) for merged in page.merged_cells.ranges] == ["A1:H1"]
    assert page["A1"].value == cells(language)[0][0]
    assert page["G6"].value == "１７" and page["D8"].value is None and page["C7"].value == 210
    assert all(len(row) == 8 for row in cells(language))


def test_both_languages_hold_the_same_numbers():
    zh, en = cells("zh"), cells("en")
    assert [row[1:7] for row in zh[2:]] == [row[1:7] for row in en[2:]]
    assert [bool(row[7]) for row in zh] == [bool(row[7]) for row in en]
    assert not re.search("[一-鿿]", " ".join(" ".join(row) for row in en))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_scores_are_sums_of_cells_and_tolerances_those_of_the_weighted_median(tmp_path, language):
    """Σ p|x − m| over the distance to the line, rounding to .01 taken in, all in fractions."""
    case = mended(tmp_path, language)
    result = qt.assess(case.scheme, case.table)
    table = qt.robustness.tolerance(result).table
    for row, unit in zip(cells(language)[2:], case.table.units, strict=True):
        got = [Fraction(cell.replace("１７", "17") or 0) for cell in row[1:7]]
        got = [Fraction(21) if x == 210 else x for x in got]
        score = sum(got)
        assert result.scores[unit] == float(score)
        shares = [x / p for x, p in zip(got, POINTS, strict=True)]
        leverage = min(
            sum(p * abs(x - middle) for p, x in zip(POINTS, shares, strict=True))
            for middle in shares
        )
        lines = [Fraction(n) - Fraction(1, 200) for n in (90, 80, 60)]
        nearest = min(abs(score - line) for line in lines)
        expected = nearest / leverage
        if table.loc[unit, "status"] == "exact":
            assert table.loc[unit, "tolerance"] == pytest.approx(float(expected), abs=1e-8)
        else:
            assert expected >= 1 and table.loc[unit, "tolerance"] == 1


def test_another_language_is_refused(tmp_path):
    with pytest.raises(InputError, match="language"):
        write_practice(tmp_path, "cn")

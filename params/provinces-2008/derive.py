"""Make data.csv from raw.csv: ratios that do not grow with a province's size.

Run ``python derive.py`` in this folder after a correction of raw.csv. A blank in the source stays a
blank.
"""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
LABELS = ("unit", "name_en", "region")
SUMS = {
    "excellent": ("excellent_pct_2007",),
    "first_or_better": ("excellent_pct_2007", "first_grade_pct_2007"),
    "loss": ("loss_bad_quality_pct_2007",),
}
QUOTIENTS = {  # column: (numerator, denominator, factor)
    "rd_per_person": ("rd_expenditure_10k_yuan_2008", "rd_fte_man_years_2008", 1),
    "rd_per_project": ("rd_expenditure_10k_yuan_2008", "rd_projects_2008", 1),
    "patents": ("patent_applications_2008", "rd_fte_man_years_2008", 100),
    "invention_share": ("of_which_invention_2008", "patent_applications_2008", 100),
    "inventions_owned": ("invention_patents_owned_2008", "rd_fte_man_years_2008", 100),
}
PLACES = Decimal("0.0001")


def read_raw(path: Path = HERE / "raw.csv") -> list[dict[str, str]]:
    """The rows of raw.csv below its lines of sources."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def total(row: dict[str, str], *columns: str) -> str:
    """Sum of published percentages, blank if one of them is blank."""
    cells = [row[column] for column in columns]
    return str(sum(map(Decimal, cells))) if all(cells) else ""


def quotient(row: dict[str, str], over: str, under: str, factor: int) -> str:
    """`factor` times the quotient of two published counts to four decimals, half up; blank if one
    of them is blank."""
    if not (row[over] and row[under]):
        return ""
    return str((factor * Decimal(row[over]) / Decimal(row[under])).quantize(PLACES, ROUND_HALF_UP))


def derive(rows: list[dict[str, str]]) -> str:
    """The text of data.csv."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*LABELS, *SUMS, *QUOTIENTS])
    for row in rows:
        writer.writerow(
            [row[label] for label in LABELS]
            + [total(row, *columns) for columns in SUMS.values()]
            + [quotient(row, *parts) for parts in QUOTIENTS.values()]
        )
    return out.getvalue()


if __name__ == "__main__":
    (HERE / "data.csv").write_text(derive(read_raw()), encoding="utf-8", newline="\n")

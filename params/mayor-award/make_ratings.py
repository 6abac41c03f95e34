"""Makes data.csv and ratings.csv: wholly synthetic marks and votes on twenty-one applicants that do
not exist, from a fixed seed.

Run from anywhere: python params/mayor-award/make_ratings.py
"""

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
LETTERS = "ABCDEFGHIJKLMNOPQRSTU"
APPLICANTS = [f"{letter}公司" for letter in LETTERS]
INDUSTRIES = ["制造", "制造", "服务", "制造", "建筑", "农业", "制造"]
INELIGIBLE = {
    "D公司": "未开展全员卓越绩效培训（模拟） | no training of all staff (synthetic)",
    "K公司": "自评报告未由合格自评师完成（模拟） | no qualified self-assessor (synthetic)",
    "S公司": "未应用评价结果改进（模拟） | evaluation carried out, not used (synthetic)",
}
POINTS = {
    "leading": 60,
    "society": 40,
    "strategy_made": 40,
    "strategy_deployed": 40,
    "market_known": 40,
    "customers_kept": 50,
    "people": 60,
    "other_resources": 60,
    "value_processes": 70,
    "support_processes": 40,
    "measured": 40,
    "knowledge": 30,
    "improved": 30,
    "customer_results": 120,
    "financial_results": 80,
    "resource_results": 80,
    "process_results": 70,
    "governance_results": 50,
}
HEARD = ["leading", "strategy_made", "strategy_deployed", "market_known", "improved"]
SCREENED = ["screen:eligible", "why:eligible", "screen:shortlist", "why:shortlist"]
SHORTLISTED, PLACES, COMMITTEE = 10, 5, 15
DOCUMENTS = [f"专家{k:02d}" for k in range(1, 8)]
HEARING = ["专家01", "专家02", "专家03", "专家18", "专家19", "专家20", "专家21"]
SITE = {
    "现场一组": [f"专家{k:02d}" for k in range(8, 13)],
    "现场二组": [f"专家{k:02d}" for k in range(13, 18)],
}
RECUSED = {("专家03", "B公司"), ("专家06", "N公司")}
FEW_VOTES = 3  # the applicant at this place, from 0, does not carry the vote


def mark(value):
    """A mark in steps of five from 0 to 100."""
    return int(np.clip(5 * np.floor(value / 5 + 0.5), 0, 100))


def marks_of(rng, stage, groups, units, true, items):
    """Rows of one stage's marks: severity by assessor, noise by mark."""
    rows = []
    for group, (assessors, marked) in groups.items():
        for assessor in assessors:
            severity = rng.normal(0, 4)
            for unit in marked:
                halo = rng.normal(0, 2)
                for item in items:
                    value = true[unit][item] + severity + halo + rng.normal(0, 5)
                    row = [unit, assessor, group, stage, item, mark(value)]
                    rows.append(row)
    return rows


def withdrawn(rows):
    """The rows without the marks of those who withdrew, and a line for each of these."""
    kept = [row for row in rows if (row[1], row[0]) not in RECUSED]
    gone = {tuple(row[:4]) for row in rows if (row[1], row[0]) in RECUSED}
    first = next(iter(POINTS))
    return kept + [[*row, first, "回避"] for row in sorted(gone)]


def document_scores(rows):
    """Each applicant's points by its mean marks on documents, the best first."""
    scores = {}
    for unit in APPLICANTS:
        means = [
            np.mean(
                [row[5] for row in rows if row[0] == unit and row[4] == item and row[5] != "回避"]
            )
            for item in POINTS
            if any(row[0] == unit for row in rows)
        ]
        if means:
            scores[unit] = float(np.dot(means, list(POINTS.values()))) / 100
    return sorted(scores, key=lambda unit: -scores[unit])


def totals(documents, hearing, site, shortlist):
    """The shortlisted applicants by their points over all stages, the best first: the rule of the
    scheme written a second time, so that the script can say who is put to the vote."""
    scores = {}
    for unit in shortlist:
        total = 0.0
        for item, points in POINTS.items():
            parts = [
                [row[5] for row in rows if row[0] == unit and row[4] == item and row[5] != "回避"]
                for rows in (documents, hearing, site)
            ]
            heard = sorted(parts[1])[1:-1]
            means = [np.mean(parts[0]), np.mean(heard) if heard else 0.0, np.mean(parts[2])]
            weights = [0.3, 0.2, 0.5] if item in HEARD else [0.4, 0.0, 0.6]
            total += points / 100 * float(np.dot(weights, means))
        scores[unit] = total
    return sorted(scores, key=lambda unit: -scores[unit])


def votes(rng, candidates):
    """A vote of each member on each candidate; one candidate does not get two thirds."""
    rows = []
    for place, unit in enumerate(candidates):
        against = 6 if place == FEW_VOTES else int(rng.integers(0, 3))
        how = ["同意"] * (COMMITTEE - against) + ["不同意"] * (against - against // 3)
        how += ["弃权"] * (COMMITTEE - len(how))
        order = rng.permutation(COMMITTEE)
        rows += [
            [unit, f"委员{k + 1:02d}", "", "vote", "", how[order[k]]] for k in range(COMMITTEE)
        ]
    return rows


def main():
    rng = np.random.default_rng(20261123)
    eligible = [unit for unit in APPLICANTS if unit not in INELIGIBLE]
    ability = dict(zip(eligible, rng.permutation(np.linspace(46, 68, len(eligible))), strict=True))
    hard = dict(zip(POINTS, rng.normal(0, 3, len(POINTS)), strict=True))
    true = {
        unit: {item: ability[unit] + hard[item] + rng.normal(0, 5) for item in POINTS}
        for unit in eligible
    }
    documents = withdrawn(
        marks_of(rng, "documents", {"": (DOCUMENTS, eligible)}, eligible, true, POINTS)
    )
    order = document_scores(documents)
    shortlist = order[:SHORTLISTED]
    in_order = [unit for unit in APPLICANTS if unit in shortlist]
    hearing = marks_of(rng, "hearing", {"": (HEARING, in_order)}, in_order, true, HEARD)
    halves = {"现场一组": in_order[0::2], "现场二组": in_order[1::2]}
    site = marks_of(
        rng,
        "site",
        {group: (SITE[group], halves[group]) for group in SITE},
        in_order,
        true,
        POINTS,
    )
    candidates = totals(documents, withdrawn(hearing), site, in_order)[:PLACES]
    write(
        "ratings.csv",
        ["unit", "assessor", "group", "stage", "item", "score"],
        [*documents, *withdrawn(hearing), *site, *votes(rng, candidates)],
    )
    write(
        "data.csv",
        ["unit", "name_en", "industry", *SCREENED],
        [
            [
                unit,
                f"Company {letter}",
                INDUSTRIES[k % len(INDUSTRIES)],
                "不通过" if unit in INELIGIBLE else "通过",
                INELIGIBLE.get(unit, ""),
                "" if unit in INELIGIBLE else "通过" if unit in shortlist else "不通过",
                "" if unit in INELIGIBLE or unit in shortlist else place_of(order.index(unit) + 1),
            ]
            for k, (letter, unit) in enumerate(zip(LETTERS, APPLICANTS, strict=True))
        ],
    )


def place_of(place):
    """Why an applicant is not on the shortlist."""
    zh = f"材料评审第{place}名，前{SHORTLISTED}名入围（模拟）"
    return f"{zh} | no. {place} on documents, the first {SHORTLISTED} go on (synthetic)"


def write(name, header, rows):
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()

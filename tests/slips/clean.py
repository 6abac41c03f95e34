"""Random cases without a slip in them, two years of each, with the columns that offices have.

Percentages near 100 and percentages of all sizes, plans that are exceeded, rates of growth,
counts with a log-normal spread as wide as that of the firms of counties, amounts with targets,
counts of deductions, ratings, yes and no, covariates.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

UNITS = 40
GRADES = [{"id": "A", "cutoff": 80.0}, {"id": "B", "cutoff": 0.0}]


def write_case(folder: Path, seed: int) -> tuple[dict, Path, Path]:
    """A scheme as in scheme.yaml, and tables of this year and last year for it in `folder`."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, UNITS))
    kinds = [*rng.permutation(list(_COLUMNS)), *rng.choice(list(_COLUMNS), 3)]
    leaves, now, before = [], {}, {}
    for i, kind in enumerate(kinds):
        leaf, columns, earlier = _COLUMNS[kind](rng, n)
        id = f"x{i}"
        leaves.append(
            {"id": id, "name": f"{leaf.pop('name')}{i}", "points": 10.0, "scales": True, **leaf}
        )
        now |= {key.format(id): values for key, values in columns.items()}
        before |= {key.format(id): values for key, values in earlier.items()}
    firms, change = _spread(rng, n), rng.normal(1.02, 0.05, n)
    now["firms"], before["firms"] = _whole(firms * change), _whole(firms)
    scheme = {
        "id": "clean",
        "name": "方案",
        "total": 10.0 * len(leaves),
        "indicators": leaves,
        "grades": GRADES,
        "covariates": [{"id": "firms", "name": "规模以上企业数", "kind": "number"}],
    }
    folder.mkdir()
    paths = folder / "now.csv", folder / "last.csv"
    for path, columns in zip(paths, (now, before), strict=True):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["unit", *columns])
            writer.writerows(zip((f"县{k}" for k in range(n)), *columns.values(), strict=True))
    return scheme, *paths


def _whole(values):
    return np.trunc(values + 0.5).astype(int)


def _tenths(values):
    return np.trunc(values * 10 + 0.5) / 10


def _spread(rng, n):
    """Sizes of counties: log-normal, from narrow to as wide as σ = 1.5."""
    return np.exp(rng.normal(rng.uniform(3, 7), rng.uniform(0.3, 1.5), n))


def _pass_rate(rng, n):
    goal = rng.uniform(92, 97, n)
    now, before = (np.minimum(goal + rng.normal(0.5, 1.5, n), 100) for _ in range(2))
    rule = {"kind": "deduct", "rate": 1.0, "own_target": True}
    columns = [{"{}": _tenths(values), "target:{}": _tenths(goal)} for values in (now, before)]
    return {"name": "合格率", "unit": "%", "rule": rule}, *columns


def _rate_over_base(rng, n):
    base = rng.uniform(80, 96, n)
    rule = {"kind": "base_plus", "base": 0.6, "gain": 0.1}
    columns = [
        {"{}": _tenths(np.minimum(base + rng.normal(1, 1, n), 100)), "base:{}": _tenths(base)}
        for _ in range(2)
    ]
    return {"name": "满意度", "unit": "%", "rule": rule}, *columns


def _wide_rate(rng, n):
    rates = rng.beta(rng.uniform(0.8, 3), rng.uniform(0.8, 3), n)
    rule = {"kind": "efficacy", "unacceptable": 5.0, "satisfactory": 80.0}
    odds = [rates / (1 - rates) * np.exp(rng.normal(0, 0.2, n)) for _ in range(2)]
    columns = [{"{}": _tenths(100 * odd / (1 + odd))} for odd in odds]
    return {"name": "优等品率", "unit": "%", "rule": rule}, *columns


def _loss(rng, n):
    rates = np.exp(rng.normal(-1, 0.7, n))
    rule = {"kind": "goalposts", "low": 0.0, "high": 1.0, "direction": "lower"}
    columns = [
        {"{}": np.trunc(rates * rng.uniform(0.7, 1.3, n) * 100 + 0.5) / 100} for _ in range(2)
    ]
    return {"name": "质量损失率", "unit": "%", "rule": rule}, *columns


def _plan(rng, n):
    rule = {"kind": "goalposts", "low": 60.0, "high": 100.0}
    columns = [{"{}": _tenths(rng.normal(101, 8, n))} for _ in range(2)]
    return {"name": "计划完成率", "unit": "%", "rule": rule}, *columns


def _growth(rng, n):
    rule = {"kind": "goalposts", "low": 0.0, "high": 10.0}
    columns = [{"{}": _tenths(rng.normal(5, 4, n))} for _ in range(2)]
    return {"name": "增长率", "unit": "%", "rule": rule}, *columns


def _count(rng, n):
    sizes = _spread(rng, n)
    columns = [{"{}": _whole(sizes * rng.normal(1, 0.1, n).clip(0.5))} for _ in range(2)]
    return {"name": "企业数", "unit": "家", "rule": {"kind": "rank"}}, *columns


def _amount(rng, n):
    sizes = _spread(rng, n)
    columns = []
    for _ in range(2):
        goal = sizes * rng.uniform(0.9, 1.2, n)
        columns.append(
            {"{}": _tenths(goal * rng.uniform(0.6, 1.3, n) + 1), "target:{}": _tenths(goal + 1)}
        )
    return {"name": "投入", "unit": "万元", "rule": {"kind": "target"}}, *columns


def _missing_things(rng, n):
    columns = [{"{}": rng.poisson(rng.uniform(0.2, 4), n)} for _ in range(2)]
    return {"name": "逾期件数", "unit": "件", "rule": {"kind": "deduct", "rate": 0.5}}, *columns


def _rating(rng, n):
    columns = [{"{}": _tenths(np.clip(rng.normal(8.5, 1.2, n), 0, 10))} for _ in range(2)]
    return {"name": "评价", "rule": {"kind": "direct"}, "out_of": 10.0}, *columns


def _yes_no(rng, n):
    columns = [{"{}": rng.choice(["是", "否"], n, p=[0.9, 0.1])} for _ in range(2)]
    return {"name": "制度", "rule": {"kind": "level", "levels": {"是": 1.0, "否": 0.0}}}, *columns


_COLUMNS = {
    "pass_rate": _pass_rate,
    "rate_over_base": _rate_over_base,
    "wide_rate": _wide_rate,
    "loss": _loss,
    "plan": _plan,
    "growth": _growth,
    "count": _count,
    "amount": _amount,
    "missing_things": _missing_things,
    "rating": _rating,
    "yes_no": _yes_no,
}

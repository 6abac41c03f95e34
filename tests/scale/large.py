"""A large synthetic case as a county office would hold it: three levels, rules of several kinds,
classes, a quota, a veto, blanks."""

import csv
import json
from pathlib import Path

import numpy as np

KINDS = ("goalposts", "direct", "deduct", "level", "share")
LEVELS = {"优": 1.0, "良": 0.8, "中": 0.6, "差": 0.2}
GRADES = ({"cutoff": 85, "quota": 0.05}, {"cutoff": 75}, {"cutoff": 65}, {"cutoff": 0})


def write_case(
    folder: Path,
    units: int,
    leaves: int,
    name_length: int = 0,
    language: str = "zh",
    previous: bool = False,
) -> Path:
    """Write a case of so many units and leaves, names of indicators filled up to `name_length`; the
    same numbers give the same bytes. `previous` lays last year's data of the same scheme beside
    it."""
    folder.mkdir(parents=True)
    scheme = scheme_of(leaves, name_length)
    (folder / "scheme.yaml").write_text(
        json.dumps(scheme, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    _write_data(folder / "data.csv", scheme, units, seed=1)
    lines = ["scheme: scheme.yaml", "data: data.csv", f"language: {language}"]
    if previous:
        write_case(folder / "previous", units, leaves, name_length, language)
        _write_data(folder / "previous" / "data.csv", scheme, units, seed=2)
        lines.append("previous: previous")
    (folder / "params.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def scheme_of(leaves: int, name_length: int = 0) -> dict:
    """The scheme as scheme.yaml holds it: areas of groups of at most five leaves, 100 points in
    all."""
    weights = np.array([1 + (7 * j) % 5 for j in range(leaves)])
    points = _to_total(weights, 100.0)
    groups = [
        {
            "id": f"g{g}",
            "name": _name(f"第{g + 1}组", f"Group {g + 1}", 0),
            "children": [
                _leaf(j, points[j], name_length) for j in range(5 * g, min(5 * g + 5, leaves))
            ],
        }
        for g in range(-(-leaves // 5))
    ]
    per_area = -(-len(groups) // 4)
    areas = [
        {
            "id": f"area{a}",
            "name": _name(f"领域{a + 1}", f"Area {a + 1}", 0),
            "children": groups[per_area * a : per_area * (a + 1)],
        }
        for a in range(-(-len(groups) // per_area))
    ]
    grades = [
        {"id": id, "name": {"zh": f"{id}级", "en": id}, **grade}
        | ({"within": "class"} if "quota" in grade else {})
        for id, grade in zip("ABCD", GRADES, strict=True)
    ]
    return {
        "id": "large",
        "name": {"zh": "大规模测试方案（模拟）", "en": "Large scheme for tests (synthetic)"},
        "year": "2026",
        "total": 100,
        "synthetic": True,
        "classes": ["甲类", "乙类", "丙类"],
        "indicators": areas,
        "grades": grades,
        "rounding": {"total": {"decimals": 2}},
        "vetoes": [
            {
                "id": "event",
                "name": {"zh": "重大质量安全事件", "en": "grave safety event"},
                "cap": "D",
            }
        ],
        "missing": {"not_applicable": "renormalise", "not_reported": "zero"},
    }


def _to_total(weights: np.ndarray, total: float) -> list[float]:
    """Multiples of 0.01 in proportion to the weights that sum to the total: the largest remainders
    are rounded up."""
    exact = weights / weights.sum() * total * 100
    whole = np.floor(exact)
    short = round(total * 100 - whole.sum())
    whole[np.argsort(-(exact - whole), kind="stable")[:short]] += 1
    return [float(n) / 100 for n in whole]


def _name(zh: str, en: str, length: int) -> dict[str, str]:
    return {
        "zh": zh + "质" * max(length - len(zh), 0),
        "en": en + (" of quality work" * length)[: max(length - len(en), 0)],
    }


def _leaf(j: int, points: float, name_length: int) -> dict:
    kind = KINDS[j % len(KINDS)]
    rule = {
        "goalposts": {"kind": "goalposts", "low": 60, "high": 100},
        "direct": {"kind": "direct", "out_of": 10},
        "deduct": {"kind": "deduct", "rate": round(points / 10, 3)},
        "level": {"kind": "level", "levels": LEVELS},
        "share": {"kind": "share"},
    }[kind]
    leaf = {
        "id": f"x{j}",
        "name": _name(f"指标{j + 1}", f"Indicator {j + 1}", name_length),
        "points": points,
        "rule": rule,
    }
    return leaf | ({"scales": j % 2 == 0} if kind in ("deduct", "direct") else {})


def _write_data(path: Path, scheme: dict, units: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    leaves = [
        leaf
        for area in scheme["indicators"]
        for group in area["children"]
        for leaf in group["children"]
    ]
    ability = np.random.default_rng(0).normal(0.8, 0.08, units)  # of a unit, the same in both years
    shares = np.clip(ability[:, None] + random.normal(0, 0.12, (units, len(leaves))), 0.02, 1)
    blank = random.random(shares.shape) < 0.01
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["unit", "name_en", "class", *(leaf["id"] for leaf in leaves), "veto:event"]
        )
        for k in range(units):
            cells = [
                "不适用" if blank[k, j] else _raw(leaf["rule"]["kind"], shares[k, j])
                for j, leaf in enumerate(leaves)
            ]
            group = ["甲类", "乙类", "丙类"][k % 3]
            writer.writerow([f"第{k + 1}县", f"County {k + 1}", group, *cells, int(k % 500 == 499)])


def _raw(kind: str, share: float) -> str:
    """The cell that has about this share of full marks under the rule."""
    match kind:
        case "goalposts":
            return f"{60 + 40 * share:.2f}"
        case "direct":
            return f"{10 * share:.1f}"
        case "deduct":
            return str(round(10 * (1 - share)))
        case "level":
            return min(LEVELS, key=lambda name: abs(LEVELS[name] - share))
        case _:
            return f"{share:.4f}"

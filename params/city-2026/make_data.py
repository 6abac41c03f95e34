"""Makes data.csv and previous/data.csv: wholly synthetic figures of sixteen cities that do not
exist, from a fixed seed.

Run from anywhere: python params/city-2026/make_data.py
"""

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳"
CITIES = [f"{stem}市" for stem in STEMS]
ENGLISH = [f"City {letter}" for letter in "ABCDEFGHIJKLMNOP"]
REGIONS = ["北片", "中片", "南片"]
DRAWN = 7  # cities drawn for on-site verification
PORTS = 5  # cities with a port
PANEL = [
    "coordination",
    "statistics",
    "access",
    "capacity",
    "responsibility",
    "credit",
    "risk",
    "consumers",
    "works_supervision",
    "service_supervision",
    "standard",
    "metrology",
    "certification",
    "testing",
    "port",
    "talent",
]
LEVELS = {
    "plan_in_programme": ["纳入国民经济和社会发展规划", "纳入部门规划", "无发展规划"],
    "plan_in_report": ["有体现", "体现不充分", "无体现"],
    "award": ["已实施", "已建立未实施", "未建立"],
}
STRICTNESS = {"documents": 0.0, "hearing": 0.25, "daily": -0.35}  # of ten points, by stage


def one(value, low=0.0, high=10.0):
    """A mark or rate to one decimal between two ends."""
    return round(float(min(max(value, low), high)), 1)


def figures(rng, ability, merged):
    """The columns of one year, by name; `merged` are last year's items that are split this year."""
    n, columns = len(ability), {}
    target = [one(x, 90, 97) for x in rng.normal(94, 0.8, n)]
    columns["manufacturing_pass@self"] = [
        one(t + 5 * (a - 0.87) + e, 80, 100)
        for t, a, e in zip(target, ability, rng.normal(0, 0.8, n), strict=True)
    ]
    columns["target:manufacturing_pass"] = target
    columns["base:manufacturing_pass"] = [
        one(t + e, 85, 99) for t, e in zip(target, rng.normal(-0.6, 0.5, n), strict=True)
    ]
    columns["farm_pass@self"] = [
        one(97.6 + 3 * (a - 0.86) + e, 90, 100)
        for a, e in zip(ability, rng.normal(0, 0.7, n), strict=True)
    ]
    baseline = [one(x, 92, 99) for x in rng.normal(96, 1, n)]
    columns["works_pass@self"] = [
        one(b + 5 * (a - 0.72) + e, 85, 100)
        for b, a, e in zip(baseline, ability, rng.normal(0.1, 0.4, n), strict=True)
    ]
    columns["base:works_pass"] = baseline
    for leaf, names in LEVELS.items():
        worse = rng.random(n) + 1.6 * (np.array(ability) - 0.85)
        columns[f"{leaf}@documents"] = [
            names[0] if w > 0.25 else names[1] if w > 0 else names[2] for w in worse
        ]
    columns["yearly_plan@documents"] = ["制定"] * n  # every city has one: an item that ranks nobody
    columns["policies@documents"] = [
        int(x) for x in rng.binomial(6, [max(0.02, 0.95 - a) for a in ability])
    ]
    columns["campaign@self"] = [int(x) for x in rng.poisson([max(0.5, 8 * a - 3) for a in ability])]
    columns["brand_growth@self"] = [
        int(x) for x in rng.poisson([max(0.5, 60 * (a - 0.6) + 2) for a in ability])
    ]
    plan = [int(x) * 50 for x in rng.integers(6, 40, n)]
    columns["investment@self"] = [
        int(p * min(1.1, 0.55 + 0.5 * a + e))
        for p, a, e in zip(plan, ability, rng.normal(0, 0.06, n), strict=True)
    ]
    columns["target:investment"] = plan
    columns["counterfeit@daily"] = [int(x) for x in rng.poisson([14 * (1 - a) for a in ability])]
    columns["inspections@self"] = [
        one(100 * a + 8 + e, 55, 100) for a, e in zip(ability, rng.normal(0, 4, n), strict=True)
    ]
    columns["follow_up@self"] = [
        one(100 - 60 * (0.98 - a) + e, 75, 100)
        for a, e in zip(ability, rng.normal(0, 2, n), strict=True)
    ]
    for leaf in [*PANEL, *merged]:
        own = rng.normal(0, 0.35, n)
        for stage, shift in STRICTNESS.items():
            columns[f"{leaf}@{stage}"] = [
                one(10 * a + 0.3 + o + shift + e)
                for a, o, e in zip(ability, own, rng.normal(0, 0.25, n), strict=True)
            ]
    return columns


def verify(rng, columns, drawn):
    """On-site results for the cities drawn, on part of the items: on average a little below what
    had been filed."""
    verified = {}
    for name in list(columns):
        leaf, _, stage = name.partition("@")
        if (
            stage not in ("self", "documents")
            or leaf in LEVELS
            or leaf in ("yearly_plan", "brand_growth", "policies", "campaign", "investment", "port")
        ):
            continue
        cells = [None] * len(CITIES)
        for k in drawn:
            if rng.random() < 0.35:
                filed = columns[name][k]
                cells[k] = one(
                    filed - abs(rng.normal(0.35, 0.3)), 0, 100 if stage == "self" else 10
                )
        if any(cell is not None for cell in cells):
            verified[f"{leaf}@verified"] = cells
    return verified


def write(path, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(
            [
                ["" if cell is None else cell for cell in row]
                for row in zip(*columns.values(), strict=True)
            ]
        )
    print(path.name, "written")


def main():
    rng = np.random.default_rng(2026)
    ability = np.array(ABILITY)
    drawn = sorted(rng.choice(len(CITIES), DRAWN, replace=False).tolist())
    ports = set(rng.choice(len(CITIES), PORTS, replace=False).tolist())
    about = {"unit": CITIES, "name_en": ENGLISH}
    sizes = rng.lognormal(6.8, 0.6, len(CITIES))
    about |= {
        "region": [REGIONS[int(i)] for i in rng.integers(0, 3, len(CITIES))],
        "gdp": [round(float(s)) for s in sizes],
        "population": [
            round(float(s * r))
            for s, r in zip(sizes, rng.uniform(0.25, 0.5, len(CITIES)), strict=True)
        ],
        "enterprises": [
            round(float(s * r))
            for s, r in zip(sizes, rng.uniform(0.5, 1.1, len(CITIES)), strict=True)
        ],
    }
    last = figures(
        rng,
        ability - 0.01 + rng.normal(0, 0.012, len(CITIES)),
        ["planning", "brand", "product_supervision", "standards"],
    )
    split = {
        "plan_in_programme",
        "plan_in_report",
        "yearly_plan",
        "policies",
        "award",
        "brand_growth",
        "inspections",
        "follow_up",
        "standard",
        "metrology",
        "certification",
        "risk",
    }
    last = {name: cells for name, cells in last.items() if name.partition("@")[0] not in split}
    now = figures(rng, ability, [])
    for columns in (last, now):
        for name in [name for name in columns if name.startswith("port@")]:
            columns[name] = [
                cell if k in ports else "不适用" for k, cell in enumerate(columns[name])
            ]
    blank = [None] * len(CITIES)

    def at(city, cell):
        return [cell if name == city else None for name in CITIES]

    outside = {
        "veto:safety_event": blank,
        "bonus:pilot": blank,
        "bonus:experience": blank,
        "bonus:late_report": blank,
    }
    write(
        FOLDER / "previous" / "data.csv",
        about | last | outside | {"veto:works_accident": blank, "veto:fraud": blank},
    )
    now |= verify(rng, now, drawn)
    now |= {
        "veto:safety_event": at("卯市", "是"),
        "event:safety_event": at(
            "卯市",
            "某区发生区域性食品相关产品质量安全事件（模拟） | a regional event with food-contact "
            "products (synthetic)",
        ),
        "evidence:safety_event": at(
            "卯市", "事件调查报告（模拟） | report on the event (synthetic)"
        ),
        "date:safety_event": at("卯市", "2026-03-18"),
        "veto:works_accident": at("辛市", "是"),
        "event:works_accident": at(
            "辛市",
            "某在建工程发生重大质量事故（模拟） | a major accident at a building site (synthetic)",
        ),
        "evidence:works_accident": at(
            "辛市", "事故调查结论（模拟） | findings on the accident (synthetic)"
        ),
        "date:works_accident": at("辛市", "2025-11-02"),
        "veto:fraud": blank,
        "bonus:pilot": [1 if name in ("甲市", "丁市") else None for name in CITIES],
        "bonus:experience": [1 if name in ("甲市", "戊市") else None for name in CITIES],
        "bonus:late_report": at("癸市", 0.5),
        "reason:policies": [
            f"缺{count}个方面的配套政策（模拟） | policies missing in fields: {count} (synthetic)"
            if count
            else None
            for count in now["policies@documents"]
        ],
        "reason:counterfeit": [
            f"{count}件逾期未办结（模拟） | overdue cases: {count} (synthetic)" if count else None
            for count in now["counterfeit@daily"]
        ],
        "grade:2023": GRADES[2023],
        "grade:2024": GRADES[2024],
        "grade:2025": GRADES[2025],
        "approved": at("丙市", "B"),
        "approved_reason": at(
            "丙市",
            "发生较大质量舆情，经审议调整（模拟） | public concern about quality, adjusted on "
            "review (synthetic)",
        ),
        "approved_by": at(
            "丙市",
            "省质量工作领导小组（模拟） | the provincial leading group on quality (synthetic)",
        ),
    }
    write(FOLDER / "data.csv", about | now)


ABILITY = [
    0.95,
    0.935,
    0.94,
    0.925,
    0.91,
    0.905,
    0.885,
    0.93,
    0.875,
    0.83,
    0.765,
    0.745,
    0.74,
    0.875,
    0.71,
    0.5,
]
GRADES = {
    2023: list("AAABBBBBBBCBCBCD"),
    2024: list("ABAABBBABBBBCBCD"),
    2025: list("AAAABBBABBBBCBCC"),
}
"""The cities' levels and past grades, set by hand so that all grades occur; 2025 is what previous/
computes."""


if __name__ == "__main__":
    main()

"""Makes data.csv and previous/data.csv: wholly synthetic figures of sixteen cities that do not
exist, from a fixed seed.

Run from anywhere: python params/city-2026/make_data.py
"""

import csv
import datetime
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
NOT_VERIFIED = {"yearly_plan", "brand_growth", "policies", "investment", "port"}
DUE = {
    "plan": "08-31",
    "launch": "09-10",
    "open_day": "09-30",
    "training": "12-31",
    "upgrade": "04-30",
    "report": "06-15",
}  # from July of the one year to June of the next
LATE = {"upgrade": "05-20", "report": "06-25"}
DONE_BY_COUNT = {
    0: [],
    1: ["plan", "launch"],
    2: ["plan", "open_day", "upgrade"],
    3: ["plan", "launch", "open_day", "training", "report"],
    4: ["plan", "launch", "training", "upgrade"],
}  # the tasks that a number of activities stands for; from five on all of them
LATE_BY_COUNT = {2: "upgrade", 3: "report"}
STRICTNESS = {"documents": 0.0, "hearing": 0.25, "daily": -0.35}  # of ten points, by stage


def one(value, low=0.0, high=10.0):
    """A mark or rate to one decimal between two ends."""
    return round(float(min(max(value, low), high)), 1)


def marks(values, low=0.0, high=10.0):
    """A column of marks or rates to one decimal between two ends."""
    return [one(value, low, high) for value in values]


def counts(numbers):
    return [int(number) for number in numbers]


def figures(rng, ability, merged):
    """The columns of one year, by name; `merged` are last year's items that are split this year.
    Numbers are drawn in the order of the columns."""
    ability = np.array(ability)
    columns = pass_rates(rng, ability)
    columns |= planning(rng, ability)
    columns |= counted(rng, ability)
    columns |= investment(rng, ability)
    columns |= supervision(rng, ability)
    return columns | panel(rng, ability, [*PANEL, *merged])


def pass_rates(rng, ability):
    """Rates of products, farm produce and works that passed, with their targets and baselines."""
    n = len(ability)
    target = marks(rng.normal(94, 0.8, n), 90, 97)
    products = np.array(target) + 5 * (ability - 0.87) + rng.normal(0, 0.8, n)
    before = np.array(target) + rng.normal(-0.6, 0.5, n)
    farm = 97.6 + 3 * (ability - 0.86) + rng.normal(0, 0.7, n)
    baseline = marks(rng.normal(96, 1, n), 92, 99)
    works = np.array(baseline) + 5 * (ability - 0.72) + rng.normal(0.1, 0.4, n)
    return {
        "manufacturing_pass@self": marks(products, 80, 100),
        "target:manufacturing_pass": target,
        "base:manufacturing_pass": marks(before, 85, 99),
        "farm_pass@self": marks(farm, 90, 100),
        "works_pass@self": marks(works, 85, 100),
        "base:works_pass": baseline,
    }


def level(worse, names):
    """The level, of three from the best to the worst, that a city's number stands for."""
    if worse > 0.25:
        return names[0]
    return names[1] if worse > 0 else names[2]


def planning(rng, ability):
    """Levels that the documents show, the plan of the year, and policies that are missing."""
    n, columns = len(ability), {}
    for leaf, names in LEVELS.items():
        worse = rng.random(n) + 1.6 * (ability - 0.85)
        columns[f"{leaf}@documents"] = [level(w, names) for w in worse]
    columns["yearly_plan@documents"] = ["制定"] * n  # every city has one: an item that ranks nobody
    missing = rng.binomial(6, np.maximum(0.02, 0.95 - ability))
    return columns | {"policies@documents": counts(missing)}


def counted(rng, ability):
    """Campaigns and new brands."""
    campaigns = rng.poisson(np.maximum(0.5, 8 * ability - 3))
    brands = rng.poisson(np.maximum(0.5, 60 * (ability - 0.6) + 2))
    return {"campaign@self": counts(campaigns), "brand_growth@self": counts(brands)}


def investment(rng, ability):
    """What was spent, and what had been planned."""
    n = len(ability)
    plan = [number * 50 for number in counts(rng.integers(6, 40, n))]
    share = np.minimum(1.1, 0.55 + 0.5 * ability + rng.normal(0, 0.06, n))
    return {"investment@self": counts(np.array(plan) * share), "target:investment": plan}


def supervision(rng, ability):
    """Overdue cases of counterfeits, inspections carried out and followed up."""
    n = len(ability)
    overdue = rng.poisson(14 * (1 - ability))
    inspections = 100 * ability + 8 + rng.normal(0, 4, n)
    follow_up = 100 - 60 * (0.98 - ability) + rng.normal(0, 2, n)
    return {
        "counterfeit@daily": counts(overdue),
        "inspections@self": marks(inspections, 55, 100),
        "follow_up@self": marks(follow_up, 75, 100),
    }


def panel(rng, ability, leaves):
    """Marks by stage for items that experts judge: a city's strength in the item stays the same
    over the stages."""
    n, columns = len(ability), {}
    for leaf in leaves:
        strength = rng.normal(0, 0.35, n)
        for stage, shift in STRICTNESS.items():
            marked = 10 * ability + 0.3 + strength + shift + rng.normal(0, 0.25, n)
            columns[f"{leaf}@{stage}"] = marks(marked)
    return columns


def verify(rng, columns, drawn):
    """On-site results for the cities drawn, on part of the items: on average a little below what
    had been filed."""
    verified = {}
    for name in list(columns):
        leaf, _, stage = name.partition("@")
        if stage not in ("self", "documents") or leaf in LEVELS or leaf in NOT_VERIFIED:
            continue
        cells = [None] * len(CITIES)
        for k in drawn:
            if rng.random() < 0.35:
                most = 100 if stage == "self" else 10
                cells[k] = one(columns[name][k] - abs(rng.normal(0.35, 0.3)), 0, most)
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
    about = about_cities(rng)
    last = without_split(
        figures(rng, ability - 0.01 + rng.normal(0, 0.012, len(CITIES)), MERGED_LAST_YEAR)
    )
    now = figures(rng, ability, [])
    for columns in (last, now):
        leave_out_inland(columns, ports)
    last, now = with_tasks(last, 2024), with_tasks(now, 2025)
    write(FOLDER / "previous" / "data.csv", about | last | NOTHING_LAST_YEAR)
    now |= verify(rng, now, drawn)
    now |= events() | reasons(now) | history() | FILINGS | PLANS
    write(FOLDER / "data.csv", about | now)


def about_cities(rng):
    """Names and covariates."""
    n = len(CITIES)
    sizes = rng.lognormal(6.8, 0.6, n)
    regions = rng.integers(0, 3, n)
    people = sizes * rng.uniform(0.25, 0.5, n)
    enterprises = sizes * rng.uniform(0.5, 1.1, n)
    return {
        "unit": CITIES,
        "name_en": ENGLISH,
        "region": [REGIONS[int(i)] for i in regions],
        "gdp": [round(float(size)) for size in sizes],
        "population": [round(float(number)) for number in people],
        "enterprises": [round(float(number)) for number in enterprises],
    }


def without_split(columns):
    """Last year's columns: the items that are split this year are not among them."""
    return {
        name: cells
        for name, cells in columns.items()
        if name.partition("@")[0] not in SPLIT_THIS_YEAR
    }


def leave_out_inland(columns, ports):
    """The item on ports does not apply to cities without one."""
    for name, cells in columns.items():
        if name.startswith("port@"):
            columns[name] = [cell if k in ports else "不适用" for k, cell in enumerate(cells)]


def with_tasks(columns, year):
    """The columns with the tasks of the campaign, from July of a year on, in place of the number of
    activities, and the proof of some."""
    found = {}
    for name, cells in columns.items():
        if name != "campaign@self":
            found[name] = cells
            continue
        for t, task in enumerate(DUE):
            stands = [how_it_stands(k, t, count, year) for k, count in enumerate(cells)]
            found[f"task:campaign.{task}"] = stands
        for task, proof in PROOFS.items():
            stands = found[f"task:campaign.{task}"]
            found[f"proof:campaign.{task}"] = [
                proof if cell != "未完成" and k % 2 == 0 else None for k, cell in enumerate(stands)
            ]
    return found


def how_it_stands(k, t, count, year):
    """How city k stands with task t: the day on which it was done, 完成 where that was not written
    down, or 未完成."""
    task = list(DUE)[t]
    if task not in DONE_BY_COUNT.get(count, DUE):
        return "未完成"
    is_late = LATE_BY_COUNT.get(count) == task
    day = (LATE if is_late else DUE)[task]
    due = datetime.date.fromisoformat(f"{year if day > '07' else year + 1}-{day}")
    if is_late:
        return str(due)
    return "完成" if (k + 2 * t) % 7 == 0 else str(due - datetime.timedelta((3 * k + 5 * t) % 17))


def at(city, cell):
    """A column that has a cell for one city alone."""
    return [cell if name == city else None for name in CITIES]


def events():
    """Vetoes with their evidence, bonuses and deductions."""
    return {
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
        "veto:fraud": BLANK,
        "bonus:pilot": [1 if name in ("甲市", "丁市") else None for name in CITIES],
        "bonus:experience": [1 if name in ("甲市", "戊市") else None for name in CITIES],
        "bonus:late_report": at("癸市", 0.5),
    }


def reasons(columns):
    """Why points were taken off."""
    return {
        "reason:policies": [
            f"缺{count}个方面的配套政策（模拟） | policies missing in fields: {count} (synthetic)"
            if count
            else None
            for count in columns["policies@documents"]
        ],
        "reason:counterfeit": [
            f"{count}件逾期未办结（模拟） | overdue cases: {count} (synthetic)" if count else None
            for count in columns["counterfeit@daily"]
        ],
    }


def history():
    """Past grades, and the one that was approved otherwise than computed."""
    return {
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


PROOFS = {
    "plan": "印发的活动方案（模拟） | the plan as issued (synthetic)",
    "report": "活动通知和总结（模拟） | notice and report (synthetic)",
}
MERGED_LAST_YEAR = ["planning", "brand", "product_supervision", "standards"]
SPLIT_THIS_YEAR = {
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
BLANK = [None] * len(CITIES)
NOTHING_LAST_YEAR = {
    "veto:safety_event": BLANK,
    "bonus:pilot": BLANK,
    "bonus:experience": BLANK,
    "bonus:late_report": BLANK,
    "veto:works_accident": BLANK,
    "veto:fraud": BLANK,
}
FILINGS = {
    "filed:manufacturing_pass": [
        *("2025-06-12", "2025-06-18", "2025-06-10", "2025-06-30", "2025-06-16", "2025-06-24"),
        *("2025-06-20", "2025-06-11", "2025-06-19", "2025-06-25", "2025-07-04", "2025-06-27"),
        *("2025-07-18", "2025-06-26", "2025-06-23", None),
    ],
    "filed:investment": [
        *("2025-06-12", "2025-06-18", "2025-06-13", "2025-06-27", "2025-06-16", "2025-06-24"),
        *("2025-06-20", "2025-06-17", "2025-07-02", "2025-06-25", "2025-06-30", "2025-06-27"),
        *("2025-06-26", "2025-06-30", "2025-07-11", None),
    ],
}
PLANS = {
    "plan_base:manufacturing_pass": [
        *(91.0, 90.5, 94.0, 91.0, 93.0, 92.0, 90.5, 92.5),
        *(93.0, 91.5, 91.0, 93.0, 95.0, 91.5, 93.0, 93.5),
    ],
    "plan_goal:manufacturing_pass": [
        *(93.5, 92.0, 96.0, 94.5, 95.0, 93.5, 93.0, 95.0),
        *(95.5, 94.5, 93.0, 95.5, 97.0, 93.0, 95.5, 95.0),
    ],
}
"""When targets were filed (the last day is 30 June 2025), and the ends of the plan of 2023 to 2028,
set by hand: two cities late and one that has not filed, some targets below the plan."""
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

"""A small case of panels: two items, three stages, a vote, a screen, four applicants."""

from __future__ import annotations

from pathlib import Path

from qtoolkit.inputs.files import read_rows
from qtoolkit.inputs.ratings import Ratings, read_ratings
from qtoolkit.inputs.scheme import Scheme
from tests.inputs.helpers import scheme_of

YAML = """\
id: prize
name: {zh: 质量奖, en: Prize}
total: 100
stages:
  - {id: papers, name: {zh: 材料评审, en: Papers}}
  - {id: visit, name: {zh: 现场评审, en: Visit}}
indicators:
  - {id: lead, name: {zh: 领导, en: Leadership}, points: 60, unit: "%",
     rule: {kind: direct, out_of: 100}, scales: true, stages: {papers: 0.4, visit: 0.6}}
  - {id: result, name: {zh: 结果, en: Results}, points: 30,
     rule: {kind: direct, out_of: 50}, scales: true, stages: {papers: 1}}
  - {id: size, name: {zh: 规模, en: Size}, points: 10,
     rule: {kind: level, levels: {大: 1, 小: 0.5}}}
grades:
  - {id: winner, cutoff: 60, quota: 2}
  - {id: others, cutoff: 0}
panel:
  step: 5
vetoes:
  - {id: ballot, name: {zh: 投票未通过, en: Not carried}, cap: others,
     vote: {name: {zh: 委员会投票, en: Committee vote}, share: "2/3"}}
screens:
  - {id: fit, name: {zh: 资格, en: Eligibility}}
"""

DATA = "unit,size,screen:fit\n甲公司,大,通过\n乙公司,小,通过\n丙公司,大,通过\n丁公司,,不通过\n"
UNITS = ("甲公司", "乙公司", "丙公司")
PAPERS, VISIT, VOTERS = ("赵", "钱", "孙"), ("李", "周"), ("委员1", "委员2", "委员3")
HEADER = ("unit", "assessor", "group", "stage", "item", "score", "note")


def mark(unit: int, assessor: int, item: int) -> int:
    """A mark in steps of five that says whose it is."""
    return 5 * (3 + unit + assessor + item)


def sound_rows() -> list[list[str]]:
    """Rows of a sound file: every assessor marks every unit on every item of the stage."""
    rows = []
    for u, unit in enumerate(UNITS):
        for a, who in enumerate(PAPERS):
            for i, item in enumerate(("lead", "result")):
                rows.append([unit, who, "", "papers", item, str(mark(u, a, i)), ""])
        for a, who in enumerate(VISIT):
            rows.append([unit, who, "一组", "visit", "lead", str(mark(u, a, 2)), ""])
        for voter in VOTERS:
            rows.append([unit, voter, "", "ballot", "", "同意", ""])
    return rows


def text_of(rows: list[list[str]], header: tuple[str, ...] = HEADER) -> str:
    return "\n".join(",".join(row) for row in (header, *rows)) + "\n"


def read(folder: Path, text: str | bytes, scheme: Scheme | str = YAML, data: str = DATA) -> Ratings:
    """The ratings of a file that holds this text, for a scheme and a table of data."""
    if isinstance(scheme, str):
        scheme = scheme_of(folder, scheme)
    path, table = folder / "ratings.csv", folder / "data.csv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    table.write_text(data, encoding="utf-8")
    return read_ratings(path, scheme, read_rows(table))

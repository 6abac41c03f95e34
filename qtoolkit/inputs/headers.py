"""What the header of a column means: a leaf's values, a stage's, statuses, targets and their
filing, vetoes, remarks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from qtoolkit.inputs.naming import Named, ids_by_name
from qtoolkit.inputs.scheme import Scheme

UNIT_HEADERS = ("unit", "考核对象", "地区", "单位名称")
PLAIN = {"unit": UNIT_HEADERS, "name_en": ("英文名称",), "class": ("类别",)}
REMARKS = {
    "approved": ("审定等级",),
    "approved_reason": ("审定理由",),
    "approved_by": ("审定机关",),
}
PREFIXES = {
    "status": ("状态", "leaves"),
    "target": ("目标值", "leaves"),
    "filed": ("备案日期", "leaves"),
    "base": ("基期值", "leaves"),
    "plan_base": ("规划基期值", "leaves"),
    "plan_goal": ("规划目标值", "leaves"),
    "se": ("标准误", "leaves"),
    "reason": ("扣分原因", "leaves"),
    "task": ("任务", "tasks"),
    "proof": ("证明材料", "tasks"),
    "veto": ("否决", "vetoes"),
    "event": ("事件", "vetoes"),
    "evidence": ("证据", "vetoes"),
    "date": ("日期", "vetoes"),
    "bonus": ("加减分", "bonuses"),
    "screen": ("审核", "screens"),
    "why": ("未通过原因", "screens"),
    "grade": ("往年等级", ""),
}
"""Kinds of columns `<kind>:<id>`, their Chinese word, and which parts of the scheme the id names (a
year for grades; <leaf>.<task> for tasks)."""
REMARK_KINDS = ("reason", "proof", "filed", "event", "evidence", "date", "grade")
_COLON = re.compile("[:：]")


class Headers:
    """The columns that a scheme's table may have, by id or by name in either language."""

    def __init__(self, scheme: Scheme):
        described: list[Named] = [*scheme.leaves, *scheme.covariates]
        groups: dict[str, Sequence[Named]] = {
            "columns": described,
            "leaves": scheme.leaves,
            "vetoes": scheme.vetoes,
            "bonuses": scheme.bonuses,
            "screens": scheme.screens,
            "stages": scheme.stages,
        }
        self._ids = {
            group: ids_by_name([(part.id, part.name.zh, part.name.en) for part in parts])
            for group, parts in groups.items()
        }
        self._ids["tasks"] = _tasks(scheme)
        self._plain = {
            word: key for key, words in (PLAIN | REMARKS).items() for word in (key, *words)
        }

    def known(self, title: str) -> list[str]:
        """Headers among which to look for the nearest one to `title`."""
        word = _COLON.split(title)[0].strip()
        alike = [
            f"{word}:{id}"
            for kind, (zh, group) in PREFIXES.items()
            if word in (kind, zh) and group
            for id in self._ids[group]
        ]
        return alike or [*self._ids["columns"], *self._plain]

    def keys(self, title: str) -> list[str]:
        """The keys that a header may mean: none is unknown, several are ambiguous.

        Keys are unit, name_en, class, <leaf or covariate>, <leaf>@<stage>, <kind>:<id>, approved,
        approved_reason, approved_by.
        """
        if title in self._plain:
            return [self._plain[title]]
        if title in self._ids["columns"]:
            return self._ids["columns"][title]
        word, colon, name = _COLON.sub(":", title, count=1).partition(":")
        for kind, (zh, group) in PREFIXES.items():
            if colon and word.strip() in (kind, zh):
                ids = self._ids[group].get(name.strip(), []) if group else [name.strip()]
                return [f"{kind}:{id}" for id in ids if id]
        name, _, stage = title.rpartition("@")
        leaves = self._ids["leaves"].get(name.strip(), [])
        stages = self._ids["stages"].get(stage.strip(), [])
        return [f"{leaf}@{stage}" for leaf in leaves for stage in stages]


def _tasks(scheme: Scheme) -> dict[str, list[str]]:
    """Tasks as <leaf>.<task>, by all that they may be called: leaf and task each by id or name."""
    found: dict[str, list[str]] = {}
    for leaf in scheme.leaves:
        for task in leaf.leaf_rule.tasks:
            id = f"{leaf.id}.{task.id}"
            names = itertools.product(_called(leaf), _called(task))
            for name in dict.fromkeys(".".join(pair) for pair in names):
                found.setdefault(name, []).append(id)
    return found


def _called(part: Named) -> tuple[str, ...]:
    return part.id, part.name.zh.strip(), part.name.en.strip()

"""The scheme: an indicator tree with points, rules for its leaves, rounding, grades, vetoes. Data
only."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

import pandas as pd
from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from qtoolkit.display import ROWS, SYNTHETIC, Card, Shown, sizes
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, nearest, one_of, unexpected
from qtoolkit.inputs.calendar import Plan, Step
from qtoolkit.inputs.checks import Checks
from qtoolkit.inputs.consistency import check_lines, check_numbers, complaints_of
from qtoolkit.inputs.naming import Called, CalledGrades, keyed
from qtoolkit.inputs.panels import Panel, Vote
from qtoolkit.inputs.spread import spread_points
from qtoolkit.inputs.treatments import LeafMissing, Missing, Outliers
from qtoolkit.inputs.verification import Verification
from qtoolkit.inputs.yamltext import read_yaml
from qtoolkit.language import Text, listing, same, say
from qtoolkit.limits import GRADES
from qtoolkit.models import (
    SUM_TOLERANCE,
    BilingualText,
    Flag,
    Identifier,
    Model,
    Number,
    Points,
    Quota,
    Share,
    SomePoints,
    validate,
    wrong,
)
from qtoolkit.rules import Rule
from qtoolkit.rules.base import LeafRule

Spread = Literal["siblings", "all", "none"]
HowSet = Literal["line", "place", "share", "breaks"]
PLACED: tuple[HowSet, ...] = ("place", "share")  # ways to set a grade by its quota alone
CaseName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Aggregation = (
    Literal["arithmetic", "geometric", "harmonic"] | Annotated[Number, Field(ge=-50, le=50)]
)
"""A power mean by name, or by its order (1 arithmetic, 0 geometric, −1 harmonic)."""


def _year(value: Any) -> Any:
    """A year as text, without 年 or 年度 after it: titles and sentences add it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return value
    plain = unicodedata.normalize("NFKC", value).strip()
    return _YEAR_WORD.sub("", plain)


_YEAR_WORD = re.compile(r"(?<=\d)\s*年度?$")
Year = Annotated[str, BeforeValidator(_year)]


class Indicator(Model):
    """A node of the tree: either children or a rule (then it is a leaf, 考核要点)."""

    id: Identifier
    name: BilingualText
    points: Points | None = None
    aggregation: Aggregation = "arithmetic"
    children: tuple[Indicator, ...] = ()
    rule: Rule | None = None
    scales: Flag | None = None
    out_of: SomePoints | None = Field(
        default=None, description="points for which the rule's deductions are written"
    )
    outliers: Outliers | None = None
    stages: dict[Identifier, Share] = Field(
        default_factory=dict, description="weights of the stages that make the value"
    )
    missing: LeafMissing = LeafMissing()
    unit: str | None = None
    kind: Literal["quantitative", "qualitative"] = "quantitative"
    previous: tuple[Identifier, ...] = Field(
        default=(), description="last year's indicators that this one continues"
    )
    area: BilingualText | None = None
    aspect: BilingualText | None = None
    standard: BilingualText | None = None
    method: BilingualText | None = None
    lead: BilingualText | None = None
    responsible: BilingualText | None = None
    basis: BilingualText | None = None
    materials: BilingualText | None = None
    source: BilingualText | None = None
    data_period: BilingualText | None = Field(
        default=None, description="the days that the leaf's data cover, with their year"
    )
    plan: Plan | None = Field(
        default=None, description="the plan of several years from which annual targets follow"
    )
    rationale: BilingualText | None = None
    superior: BilingualText | None = None

    @property
    def is_leaf(self) -> bool:
        return self.rule is not None

    @property
    def leaf_rule(self) -> LeafRule:
        """The rule of a leaf."""
        if self.rule is None:
            raise ValueError(f"{self.id} is no leaf")
        return self.rule

    @property
    def full_points(self) -> float:
        """Its points: validation gives them to a node for which none are written."""
        if self.points is None:
            raise ValueError(f"{self.id} has no points")
        return self.points

    @model_validator(mode="after")
    def _leaf_or_node(self) -> Indicator:
        if bool(self.children) == self.is_leaf:
            raise wrong(
                say(
                    zh="指标“{id}”应有 children（下级指标）或 rule（评分规则）之一",
                    en="indicator “{id}” needs either children or a rule",
                    id=self.id,
                )
            )
        if not self.is_leaf:
            total = math.fsum(child.points or 0 for child in self.children)
            if self.points is None:
                object.__setattr__(self, "points", total)
            elif abs(self.points - total) > SUM_TOLERANCE:
                raise wrong(
                    (
                        ("points",),
                        say(
                            zh="“{id}”的分值为 {points:.14g}，下级指标分值之和为 {total:.14g}",
                            en="“{id}” has {points:.14g} points, its children sum to {total:.14g}",
                            id=self.id,
                            points=self.points,
                            total=total,
                        ),
                    )
                )
        else:
            self._check_leaf()
        return self

    def _check_leaf(self) -> None:
        if self.points is None:
            raise wrong(
                say(
                    zh="指标“{id}”没有分值（points）",
                    en="indicator “{id}” has no points",
                    id=self.id,
                )
            )
        if self.scales is None:
            if self.leaf_rule.in_points:
                raise wrong(
                    say(
                        zh="指标“{id}”须写明扣分幅度是否随分值调整（scales: true 或 false）",
                        en="indicator “{id}” must say whether its deductions scale with its points "
                        "(scales: true or false)",
                        id=self.id,
                    )
                )
            object.__setattr__(self, "scales", True)
        if self.leaf_rule.raw_is_points and not self.written_for:
            raise wrong(
                say(
                    zh="指标“{id}”分值为 0，须写明直接评分的满分（rule 中的 out_of）",
                    en="indicator “{id}” has 0 points: say what its direct scores are out of "
                    "(out_of in its rule)",
                    id=self.id,
                )
            )

    @property
    def written_for(self) -> float:
        """The points for which the rule's points (a deduction's rate, a direct score) are
        written."""
        return self.leaf_rule.full_marks() or self.out_of or self.full_points

    def walk(self) -> Iterator[Indicator]:
        """This indicator and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


class Rounding(Model):
    """To how many decimals, and how: half_up (−0.5 gives 0) or floor."""

    decimals: int = Field(ge=0, le=8, strict=True)
    mode: Literal["half_up", "floor"] = "half_up"


class RoundingStages(Model):
    """Where scores are rounded; a stage that is left out is not rounded."""

    leaf: Rounding | None = None
    node: Rounding | None = None
    total: Rounding | None = None


class Order(Model):
    """The three switches of the order of steps."""

    rounding: Literal["after_bonus", "before_bonus"] = "after_bonus"
    cap: Literal["after_deductions", "before_deductions"] = "after_deductions"
    veto: Literal["before_quota", "after_quota"] = "before_quota"


class Stage(Model):
    """A stage of the work (资料考核, 实地核查, …), whose values stand in the columns
    <leaf>@<stage>. A `part` enters a leaf's value with the weight that the leaf gives it; a value
    of a later stage replaces or corrects (is added to) that."""

    id: Identifier
    name: BilingualText
    effect: Literal["part", "replaces", "corrects"] = "part"


class Grade(Model):
    """A grade, what sets it, and what limits who has it.

    `by`: "line", its least score `cutoff` (the band is closed below); "place" or "share", the first
    places, or the first share of the units, by its `quota`, among those that reach the lines of the
    grades below it; "breaks", the natural breaks of the published scores into as many groups as
    there are grades, in the whole or, `within: class`, in each class. Only a grade by line has a
    cutoff.

    `quota`: the most units (a whole number, written 1 and not 1.0), or the share of them, that may
    have this grade or better. `last`: how many units at the bottom of the ranking have this grade
    at best. Of units tied where the limit falls, `ties: out` gives none the places of a quota and
    puts none among the last; `ties: in` gives them to all. `within: class` counts in each class of
    units by itself. `printed` is the band as the document prints it, to find scores that no band
    covers; `consequence` is what follows from the grade (通报表扬, 限期整改).
    """

    id: Identifier
    name: BilingualText | None = None
    by: HowSet = "line"
    cutoff: Points | None = Field(default=None, validate_default=True)
    class_cutoffs: dict[str, Points] = Field(default_factory=dict)
    quota: Quota | None = None
    last: int | None = Field(default=None, ge=1, strict=True)
    ties: Literal["out", "in"] = "out"
    within: Literal["all", "class"] = "all"
    printed: tuple[Number, Number] | None = None
    consequence: BilingualText | None = None

    @field_validator("cutoff")
    @classmethod
    def _line_is_given(cls, cutoff: float | None, info: ValidationInfo) -> float | None:
        if cutoff is None and info.data.get("by", "line") == "line":
            raise PydanticKnownError("missing")
        return cutoff

    @property
    def label(self) -> Text:
        return self.name or same(self.id)

    @property
    def has_line(self) -> bool:
        """Whether its line stands in the scheme."""
        return self.by == "line"

    @property
    def line(self) -> float:
        """The cutoff of a grade by line; NaN of one that follows from the data."""
        return math.nan if self.cutoff is None else self.cutoff

    def cutoff_of(self, group: str | None) -> float:
        """The cutoff for units of a class; NaN of a grade whose line follows from the data."""
        return self.line if group is None else self.class_cutoffs.get(group, self.line)


def how_set_in_short(grade: Grade, named: bool = True) -> Text:
    """What sets a grade, as a card says it: its line, its places, its share or natural breaks."""
    name = grade.label if named else same("")
    if grade.cutoff is not None:
        if not named:
            return same(f"{grade.cutoff:g}")
        return say(zh="{grade}{x:g}分", en="{grade} from {x:g}", grade=name, x=grade.cutoff)
    if grade.quota is None:
        text = say(zh="{grade}按自然断点", en="{grade} by natural breaks", grade=name)
    elif grade.by == "share":
        text = say(
            zh="{grade}前{x:.10g}%", en="{grade} first {x:.10g}%", grade=name, x=grade.quota * 100
        )
    else:
        text = say(zh="{grade}前{x:.10g}名", en="{grade} first {x:.10g}", grade=name, x=grade.quota)
    return text if named else Text(text.zh.strip(), text.en.strip())


class Veto(Model):
    """一票否决: a unit with it has at best the grade `cap`, or `lower` grades less than its score
    gives. With `falsified` it also strikes units any of whose cells is marked 弄虚作假; with `vote`
    units that did not carry that vote, where the ratings hold its votes."""

    id: Identifier
    name: BilingualText
    cap: Identifier | None = None
    lower: int | None = Field(default=None, ge=1, strict=True)
    falsified: Flag = False
    vote: Vote | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> Veto:
        if (self.cap is None) == (self.lower is None):
            raise wrong(
                say(
                    zh="“{id}”应有 cap（最高可定等级）或 lower（下调级数）之一",
                    en="“{id}” needs either cap (the best grade it leaves) or lower (grades taken "
                    "off)",
                    id=self.id,
                )
            )
        return self


class Screen(Model):
    """A condition for being assessed at all (初审, 入围): a unit that does not meet it is not
    scored and takes no place. Its column screen:<id> says of every unit whether it passed."""

    id: Identifier
    name: BilingualText


class Bonus(Model):
    """Points outside the total (加分项, 减分项), at most `max`."""

    id: Identifier
    name: BilingualText
    kind: Literal["bonus", "deduction"] = "bonus"
    max: SomePoints


class Conversion(Model):
    """The published score as points of a wider assessment (折算计入综合考核得分): score × points /
    total, rounded half up."""

    name: BilingualText
    points: SomePoints
    decimals: int = Field(default=2, ge=0, le=8, strict=True)


class Covariate(Model):
    """A column of the data that describes units and is not scored."""

    id: Identifier
    name: BilingualText
    kind: Literal["text", "number"] = "text"
    values: dict[str, str] = Field(
        default_factory=dict, description="English wording of the column's values"
    )

    def label(self, value: str) -> Text:
        """A value of the column in both languages."""
        return Text(value, self.values.get(value, value))


class Scheme(Shown, Model):
    """A whole assessment scheme. Build it from a file (:func:`read_scheme`) or by :meth:`flat`."""

    card_title: ClassVar[Text] = Text("考核方案", "An assessment scheme")

    def card(self) -> Card:
        """Sizes, grades with their cutoffs, and the indicators with the most points."""
        lines = listing(how_set_in_short(grade) for grade in self.grades)
        facts = [
            self.name,
            sizes(None, len(self.leaves), self.total),
            say(zh="等级确定：{lines}", en="Grades: {lines}", lines=lines)
            if self.sets_lines_by_data
            else say(zh="分数线：{lines}", en="Cutoffs: {lines}", lines=lines),
        ]
        frame = pd.DataFrame(
            {
                "name": [leaf.name for leaf in self.leaves],
                "points": [leaf.points for leaf in self.leaves],
                "rule": [leaf.rule.kind if leaf.rule else None for leaf in self.leaves],
            },
            index=pd.Index([leaf.id for leaf in self.leaves], name="indicator"),
        )
        most = in_order(frame["points"].to_numpy(float))[:ROWS]
        cutoffs = ", ".join(
            f"{grade.id} {how_set_in_short(grade, named=False).en}" for grade in self.grades
        )
        return Card(
            self.card_title,
            f"{self.id}, {len(self.leaves)} indicators, {self.total:g} points, {cutoffs}",
            [*facts, SYNTHETIC] if self.synthetic else facts,
            frame.iloc[most],
            len(frame),
            "leaves",
            ("indicators", "grades", "vetoes", "bonuses"),
        )

    def __repr__(self) -> str:
        return Shown.__repr__(self)

    __str__ = __repr__

    id: CaseName
    name: BilingualText
    title: BilingualText | None = Field(
        default=None,
        description="the memo's title, where it is not that of a quality work assessment",
    )
    year: Year = ""
    period: BilingualText | None = None
    data_period: BilingualText | None = None
    total: SomePoints = 100.0
    synthetic: Flag = False
    notes: tuple[BilingualText, ...] = ()
    sources: tuple[BilingualText, ...] = ()
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    aggregation: Aggregation = "arithmetic"
    stages: tuple[Stage, ...] = ()
    calendar: tuple[Step, ...] = Field(
        default=(), description="the steps of the year (filing, self-assessment, …) and their days"
    )
    panel: Panel | None = Field(
        default=None, description="how marks of assessors (ratings) become values of indicators"
    )
    verification: Verification | None = Field(
        default=None, description="how units are drawn for verification on site"
    )
    missing: Missing = Missing()
    rounding: RoundingStages = RoundingStages()
    order: Order = Order()
    rank_on: Literal["published", "base"] = "published"
    grades: tuple[Grade, ...] = Field(min_length=1, max_length=GRADES)
    screens: tuple[Screen, ...] = Field(
        default=(), description="conditions for being assessed, in the order of the work"
    )
    vetoes: tuple[Veto, ...] = ()
    bonuses: tuple[Bonus, ...] = ()
    bonus_cap: SomePoints | None = Field(
        default=None, description="the most that all bonus items add together"
    )
    deduction_cap: SomePoints | None = Field(
        default=None, description="the most that all deductions take together"
    )
    cap: SomePoints | None = None
    floor: Points | None = Field(default=None, description="the least published score")
    conversion: Conversion | None = None
    classes: tuple[str, ...] = Field(
        default=(), description="the classes of units, where cutoffs or quotas go by class"
    )
    units: tuple[str, ...] | None = None
    covariates: tuple[Covariate, ...] = ()
    checks: Checks = Field(
        default=Checks(),
        description="what follows where a check for slips finds something: error, flag or off",
    )

    @model_validator(mode="before")
    @classmethod
    def _last_line(cls, data: Any) -> Any:
        """The last grade needs no cutoff where none of the others has one."""
        grades = data.get("grades") if isinstance(data, dict) else None
        if not isinstance(grades, list | tuple) or not all(isinstance(g, dict) for g in grades):
            return data
        *others, last = grades or [{}]
        lineless = all(g.get("by", "line") != "line" for g in others)
        if not others or not lineless or last.get("cutoff") is not None:
            return data
        if last.get("by", "line") != "line":
            return data
        return data | {"grades": [*others, last | {"cutoff": 0.0}]}

    @model_validator(mode="after")
    def _consistent(self) -> Scheme:
        if complaints := list(complaints_of(self)):
            raise wrong(*complaints)
        return self

    @property
    def by_breaks(self) -> bool:
        """Whether grades go by natural breaks."""
        return any(grade.by == "breaks" for grade in self.grades)

    @property
    def sets_lines_by_data(self) -> bool:
        """Whether a grade goes by place, by share or by natural breaks."""
        return any(not grade.has_line for grade in self.grades)

    def least_line(self, grade: Grade, group: str | None = None) -> float | None:
        """The least published score that a grade asks for, for units of a class: its cutoff, or
        that of the next worse grade that has one. None where there is none: with natural breaks,
        and where no worse grade but the last has a cutoff."""
        place = self.grades.index(grade)
        if grade.by == "breaks":
            return None
        below = [each for each in self.grades[place:-1] if each.has_line]
        if place == len(self.grades) - 1:
            return grade.cutoff_of(group)
        return below[0].cutoff_of(group) if below else None

    @property
    def nodes(self) -> tuple[Indicator, ...]:
        """All indicators, parents before children."""
        return tuple(node for top in self.indicators for node in top.walk())

    @property
    def leaves(self) -> tuple[Indicator, ...]:
        """The scored indicators, in the order of the tree: the columns of every matrix."""
        return tuple(node for node in self.nodes if node.is_leaf)

    def indicator(self, id: str) -> Indicator:
        """The indicator with this id."""
        for node in self.nodes:
            if node.id == id:
                return node
        ids = [node.id for node in self.nodes]
        raise InputError(
            say(
                zh="没有指标“{id}”{hint}",
                en="no indicator “{id}”{hint}",
                id=id,
                hint=nearest(id, ids),
            )
        )

    def grade(self, id: str) -> Grade:
        """The grade with this id."""
        for grade in self.grades:
            if grade.id == id:
                return grade
        ids = [grade.id for grade in self.grades]
        raise InputError(
            say(
                zh="没有等级“{id}”，现有 {ids}",
                en="no grade “{id}”, there are {ids}",
                id=id,
                ids=listing(ids),
            )
        )

    def replace(
        self,
        points: Mapping[str, float] | None = None,
        cutoffs: Mapping[str, float] | None = None,
        spread: Spread = "none",
    ) -> Scheme:
        """The same scheme with other points or cutoffs.

        Parameters
        ----------
        points : mapping of indicator to points, or a Series of them
            Indicators by id, or by name where one alone has it. A node's points are shared among
            its leaves in proportion. The rules' own points (deductions that do not scale, direct
            scores) stay as written.
        cutoffs : mapping of grade to cutoff, by id or by name
        spread : "none", "siblings" or "all"
            Who takes up the difference, so that the total stands: nobody (the sum must be right by
            itself), the changed indicator's siblings in proportion, or all indicators that are not
            named.

        Raises
        ------
        InputError
            Unknown names, negative points, points that do not sum to the total, cutoffs out of
            order.

        >>> Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}).replace(
        ...     points={"a": 70}, spread="siblings"
        ... ).leaves[1].points
        30.0
        """
        if spread not in get_args(Spread):
            raise InputError(unexpected(spread, one_of(get_args(Spread)), "spread"))
        points, cutoffs = ({} if given is None else dict(given) for given in (points, cutoffs))
        points = keyed(self.nodes, points, Called)
        cutoffs = keyed(self.grades, cutoffs, CalledGrades)
        check_numbers({f"points.{id}": x for id, x in points.items()})
        check_numbers({f"cutoffs.{id}": x for id, x in cutoffs.items()})
        check_lines(self, cutoffs)
        data = self.model_dump(exclude={"indicators"} if points else None)
        if points:
            new = spread_points(self, points, spread)
            data["indicators"] = [_with_points(node, new) for node in self.indicators]
        if cutoffs:
            data["grades"] = [
                grade.model_dump()
                | ({"cutoff": float(cutoffs[grade.id])} if grade.id in cutoffs else {})
                for grade in self.grades
            ]
        return validate(Scheme, data, None)

    @classmethod
    def flat(cls, points: Mapping[str, float], cutoffs: Mapping[str, float]) -> Scheme:
        """One level of leaves that take shares of full marks in [0, 1]; no rounding, ranks by the
        unrounded score.

        >>> [leaf.points for leaf in Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}).leaves]
        [60.0, 40.0]
        """
        points, cutoffs = dict(points), dict(cutoffs)  # a Series will do too
        check_numbers({f"points.{id}": value for id, value in points.items()})
        check_numbers({f"cutoffs.{id}": value for id, value in cutoffs.items()})
        leaves = [
            {"id": id, "name": id, "points": float(p), "rule": {"kind": "share"}}
            for id, p in points.items()
        ]
        grades = [{"id": id, "cutoff": float(c)} for id, c in cutoffs.items()]
        data = {
            "id": "flat",
            "name": "flat",
            "total": math.fsum(points.values()),
            "indicators": leaves,
            "grades": grades,
        }
        return validate(cls, data | {"rank_on": "base"}, None)


def _with_points(node: Indicator, points: Mapping[str, float]) -> dict[str, Any]:
    """An indicator's data with its leaves' points changed; what was written for the old points
    stays written for them."""
    data = node.model_dump(exclude={"points", "children"})
    if node.is_leaf:
        return data | {"points": points[node.id], "out_of": node.written_for or None}
    return data | {"children": [_with_points(child, points) for child in node.children]}


def read_scheme(path: Path) -> Scheme:
    """Read and validate a scheme.yaml."""
    document = read_yaml(path)
    return validate(Scheme, document.data, document.name, document.line)

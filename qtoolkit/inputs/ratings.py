"""Ratings: the marks that assessors give, and the votes of a committee, in a long table: unit,
assessor, stage, item, score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.display import Card, Shown
from qtoolkit.engine.combining import combined, least_marks
from qtoolkit.errors import Problems, clip, nearest, one_of, unexpected
from qtoolkit.inputs.files import ITEM_HEADERS, Rows, read_rows
from qtoolkit.inputs.headers import UNIT_HEADERS
from qtoolkit.inputs.naming import Called, Named
from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_name, plain_text
from qtoolkit.inputs.panels import Assessor, Marking, Panel
from qtoolkit.inputs.roster import passed_screens, places_of, units_of
from qtoolkit.inputs.scheme import Indicator, Scheme, Veto
from qtoolkit.inputs.tablereader import is_percent
from qtoolkit.language import Text, listing, say

TITLES: dict[str, tuple[str, ...]] = {
    "unit": (*UNIT_HEADERS, "申报单位", "申报组织"),
    "assessor": ("assessor", "评委", "专家", "评审专家", "打分人"),
    "group": ("group", "考核组", "评审组", "组别"),
    "stage": ("stage", "阶段", "评审环节"),
    "item": ("item", "评分项", "条款", *ITEM_HEADERS),
    "score": ("score", "评分", "打分", "得分", "表决"),
    "note": ("note", "备注"),
}
"""What the columns are called; score holds a mark, “回避”, or a vote."""
RECUSED = ("回避", "recused")
VOTES = {
    word: vote
    for vote, words in {
        "yes": ("同意", "赞成", "yes", "for", "1", "是"),
        "no": ("不同意", "反对", "no", "against", "0", "否"),
        "abstained": ("弃权", "abstain", "abstained"),
    }.items()
    for word in words
}
COLUMNS = ("unit", "assessor", "group", "stage", "item", "score")


@dataclass(frozen=True, repr=False)
class Ratings(Shown):
    """Validated ratings.

    Attributes
    ----------
    frame : DataFrame
        One row a mark: unit, assessor, group, stage, item (ids of the scheme; "" where there is
        none), score (float, in the item's own marks), row (its number in the file).
    votes : DataFrame
        One row a vote: unit, voter, veto (the id of what carries it), vote ("yes", "no",
        "abstained").
    recused : DataFrame
        Who withdrew (回避) from whom: unit, assessor, stage.
    data : Rows or None
        The rows of the table of data as it was before the marks were put into it.
    """

    card_title: ClassVar[Text] = Text("专家评分", "Ratings")

    name: str
    frame: pd.DataFrame
    votes: pd.DataFrame
    recused: pd.DataFrame
    data: Rows | None = field(default=None, repr=False)

    def card(self) -> Card:
        """How many marks of how many assessors, and of how many units."""
        facts = [
            say(
                zh="{m}个评分，评委{k}人，考核对象{n}家",
                en="{m:mark|marks} by {k:assessor|assessors} of {n:unit|units}",
                m=len(self.frame),
                k=self.frame["assessor"].nunique(),
                n=self.frame["unit"].nunique(),
            )
        ]
        if len(self.votes):
            facts.append(say(zh="{n}张票", en="{n:vote|votes}", n=len(self.votes)))
        return Card(
            self.card_title,
            f"{self.name}, {len(self.frame)} marks",
            facts,
            self.frame.drop(columns="row").head(10),
            len(self.frame),
            "frame",
            ("votes", "recused"),
        )

    @property
    def stages(self) -> list[str]:
        """The stages at which marks were given, as they come."""
        return list(dict.fromkeys(self.frame["stage"]))

    def at(self, stage: str) -> Ratings:
        """The marks of one stage."""
        return replace(self, frame=self.frame[self.frame["stage"] == stage])

    def without(self, assessor: str) -> Ratings:
        """All but the marks and votes of one assessor."""
        return replace(
            self,
            frame=self.frame[self.frame["assessor"] != assessor],
            votes=self.votes[self.votes["voter"] != assessor],
        )


def read_ratings(path: Path, scheme: Scheme, data: Rows) -> Ratings:
    """Read a long table of ratings (.csv or .xlsx) for the units of a table of data; all complaints
    come together."""
    return ratings_of_rows(read_rows(path, either_way=False), scheme, data)


def ratings_of_rows(rows: Rows, scheme: Scheme, data: Rows) -> Ratings:
    """As :func:`read_ratings`, of rows that are read already."""
    return replace(_Reader(rows, scheme, units_of(data, scheme)).read(), data=data)


def filled(ratings: Ratings, scheme: Scheme, data: Rows | None = None) -> Rows:
    """The table of data with the marks put into it: of each unit, item and stage the marks of all
    assessors made one, in the column <leaf>@<stage> (or <leaf>), and of each vote whether it was
    carried, in the column veto:<id>.

    Raises
    ------
    InputError
        Where a unit that passed the screens has too few marks on an item, and where the table of
        data has a value of its own in such a cell.
    """
    data = ratings.data if data is None else data
    if data is None:
        raise ValueError("ratings without a table of data")
    return _Filling(ratings, scheme, data).rows()


class _Reader:
    """Reads a long table row by row; what is wrong stands in `problems`."""

    def __init__(self, rows: Rows, scheme: Scheme, units: Sequence[str]):
        self.rows, self.scheme, self.problems = rows, scheme, Problems()
        self.units = list(dict.fromkeys(units))
        self.panel = scheme.panel or Panel()
        self.listed = {assessor.name: assessor for assessor in self.panel.assessors}
        self.named_stages = {id for assessor in self.panel.assessors for id in assessor.stages}
        self.places = self._places()
        self.votes_on = {veto.id: veto for veto in scheme.vetoes if veto.vote is not None}
        self.items = Called(scheme.leaves)
        self.stages = Called([*scheme.stages, *map(_VoteStage, self.votes_on.values())])
        self.leaves = {leaf.id: leaf for leaf in scheme.leaves}
        self.seen: dict[tuple[str, str, str, str], int] = {}
        self.spelt: dict[str, tuple[str, int]] = {}
        self.groups: dict[tuple[str, str], tuple[str, int]] = {}

    def _places(self) -> dict[str, int]:
        """Where each column stands; one that is unknown, or there twice, is a complaint."""
        words = {word: key for key, known in TITLES.items() for word in known}
        places: dict[str, int] = {}
        for i, title in enumerate(self.rows.header):
            key = words.get(title)
            if key is None:
                hint = nearest(title, words)
                text = say(
                    zh="评分表没有这一列{hint}", en="ratings have no such column{hint}", hint=hint
                )
            elif key in places:
                other = self.rows.header[places[key]]
                text = say(zh="与“{x}”列含义相同", en="means the same as column “{x}”", x=other)
            else:
                places[key] = i
                continue
            self.problems.add(text, file=self.rows.name, row=self.rows.head, column=title)
        absent = [key for key in ("unit", "assessor", "score") if key not in places]
        if absent:
            names = listing(Text(TITLES[key][-1 if key == "unit" else 1], key) for key in absent)
            text = say(zh="缺少列：{names}", en="missing columns: {names}", names=names)
            self.problems.add(text, file=self.rows.name, row=self.rows.head)
        return places

    def _complain(self, text: Text, key: str, row: int) -> None:
        title = self.rows.header[self.places[key]] if key in self.places else None
        self.problems.add(text, file=self.rows.name, row=row, column=title)

    def read(self) -> Ratings:
        """All rows, or one InputError with what is wrong."""
        self._check_list()
        self.problems.stop()
        marks: list[tuple[Any, ...]] = []
        votes: list[tuple[Any, ...]] = []
        recused: list[tuple[Any, ...]] = []
        for number, cells in zip(self.rows.numbers, self.rows.rows, strict=True):
            row = {key: cells[place] for key, place in self.places.items()}
            named = self._named(row, number)
            if named is None:
                continue
            unit, assessor, stage = named
            if stage in self.votes_on:
                votes += self._vote(row, number, unit, assessor, stage)
            elif not is_blank(row["score"]) and plain_text(row["score"]).lower() in RECUSED:
                recused.append((unit, assessor, stage))
            else:
                marks += self._mark(row, number, unit, assessor, stage)
        self._check_withdrawn(marks, recused)
        self._check_members(votes)
        self.problems.stop()
        frame = pd.DataFrame(marks, columns=[*COLUMNS, "row"])
        return Ratings(
            self.rows.name,
            frame.astype({"score": float}),
            pd.DataFrame(votes, columns=["unit", "voter", "veto", "vote"]),
            pd.DataFrame(recused, columns=["unit", "assessor", "stage"]).drop_duplicates(),
        )

    def _named(self, row: Mapping[str, Any], number: int) -> tuple[str, str, str] | None:
        """The unit, the assessor and the stage of a row; None where one is wrong."""
        before = len(self.problems.complaints)
        unit, assessor = self._text(row, "unit"), self._text(row, "assessor")
        if not unit:
            self._complain(say(zh="没有写考核对象", en="no unit is named"), "unit", number)
        elif unit not in self.units:
            hint = nearest(unit, self.units)
            text = say(
                zh="数据表中没有考核对象“{unit}”{hint}",
                en="the table of data has no unit “{unit}”{hint}",
                unit=clip(unit),
                hint=hint,
            )
            self._complain(text, "unit", number)
        if not assessor:
            self._complain(say(zh="没有写评委姓名", en="no assessor is named"), "assessor", number)
        else:
            self._check_spelling(assessor, number)
        stage = self._stage(row, number)
        if assessor and (stage not in self.votes_on or stage in self.named_stages):
            withdrew = self._text(row, "score").lower() in RECUSED
            self._check_listed(assessor, unit, stage, number, withdrew)
        return None if len(self.problems.complaints) > before else (unit, assessor, stage)

    def _check_list(self) -> None:
        """Complain of units in the scheme's list of assessors that the table of data does not have:
        nobody would withdraw from them."""
        for assessor in self.listed.values():
            for unit in (*assessor.units, *assessor.recused):
                if unit not in self.units:
                    text = say(
                        zh="方案评委名单中“{name}”的“{unit}”不在数据表中{hint}",
                        en="the scheme's list of assessors has “{unit}” for “{name}”, which the "
                        "table of data has not{hint}",
                        name=assessor.name,
                        unit=clip(unit),
                        hint=nearest(unit, self.units),
                    )
                    self.problems.add(text)

    def _check_spelling(self, name: str, number: int) -> None:
        """Complain of a name that looks like another one: they would count as two assessors."""
        other, row = self.spelt.setdefault(plain_name(name), (name, number))
        if other != name:
            text = say(
                zh="“{name}”与第{row}行的“{other}”只差空格、全角或大小写，请写成一样",
                en="“{name}” differs from “{other}” of row {row} in spaces, width or capitals "
                "alone: write them alike",
                name=clip(name),
                other=clip(other),
                row=row,
            )
            self._complain(text, "assessor", number)

    def _check_withdrawn(
        self, marks: list[tuple[Any, ...]], recused: list[tuple[str, str, str]]
    ) -> None:
        """Complain of marks by somebody who withdrew from the unit at that stage, or without a
        stage: at all."""
        withdrawn = set(recused)
        for unit, assessor, _, stage, _, _, number in marks:
            if withdrawn & {(unit, assessor, stage), (unit, assessor, "")}:
                text = say(
                    zh="“{name}”对“{unit}”既写“回避”又有评分",
                    en="“{name}” withdraws from “{unit}” and marks it too",
                    name=clip(assessor),
                    unit=clip(unit),
                )
                self._complain(text, "score", number)

    def _check_members(self, votes: list[tuple[Any, ...]]) -> None:
        """Complain of units on which more votes were cast than a committee has members."""
        cast = Counter((unit, veto) for unit, _, veto, _ in votes)
        for (unit, veto), count in cast.items():
            vote = self.votes_on[veto].vote
            if vote is not None and vote.members is not None and count > vote.members:
                text = say(
                    zh="“{unit}”有{count}票，多于委员人数（members）{members}",
                    en="“{unit}” has {count} votes, more than the committee's {members} members",
                    unit=clip(unit),
                    count=count,
                    members=vote.members,
                )
                self.problems.add(text, file=self.rows.name)

    def _check_group(self, assessor: str, stage: str, group: str, number: int) -> None:
        """Complain of an assessor in two groups at a stage: marks of one are drawn together."""
        other, row = self.groups.setdefault((assessor, stage), (group, number))
        if other != group:
            text = say(
                zh="“{name}”在这一阶段的组别为“{group}”，第{row}行为“{other}”，应一致",
                en="“{name}” is in group “{group}” at this stage, and in “{other}” in row {row}: "
                "keep one of them",
                name=clip(assessor),
                group=clip(group),
                other=clip(other),
                row=row,
            )
            self._complain(text, "group", number)

    def _check_listed(self, name: str, unit: str, stage: str, number: int, withdrew: bool) -> None:
        """Complain of an assessor whom the scheme's list does not have, or not for this."""
        if not self.listed:
            return
        assessor = self.listed.get(name)
        if assessor is None:
            hint = nearest(name, self.listed)
            text = say(
                zh="方案的评委名单中没有“{name}”{hint}",
                en="the scheme's list of assessors has no “{name}”{hint}",
                name=clip(name),
                hint=hint,
            )
            self._complain(text, "assessor", number)
        elif not marks_at(assessor, stage):
            text = say(
                zh="“{name}”不参加这一阶段", en="“{name}” has no part in this stage", name=name
            )
            self._complain(text, "stage", number)
        elif unit in assessor.recused and not withdrew:
            text = say(
                zh="“{name}”对“{unit}”应当回避",
                en="“{name}” withdraws from “{unit}” and cannot mark it",
                name=name,
                unit=unit,
            )
            self._complain(text, "unit", number)
        elif assessor.units and unit not in assessor.units:
            text = say(
                zh="“{name}”不负责“{unit}”",
                en="“{unit}” is not among those that “{name}” marks",
                name=name,
                unit=unit,
            )
            self._complain(text, "unit", number)

    def _text(self, row: Mapping[str, Any], key: str) -> str:
        return "" if is_blank(row.get(key)) else plain_text(row[key])

    def _stage(self, row: Mapping[str, Any], number: int) -> str:
        """The id of the row's stage or vote; "" where none is written."""
        word = self._text(row, "stage")
        if not word:
            return ""
        ids = self.stages.ids(word)
        if len(ids) != 1:
            names = [stage.name for stage in self.scheme.stages]
            names += [_VoteStage(veto).name for veto in self.votes_on.values()]
            want = one_of(names) if names else Text("空白", "nothing")
            self._complain(unexpected(word, want, Text("阶段", "the stage")), "stage", number)
            return ""
        return ids[0]

    def _mark(
        self, row: Mapping[str, Any], number: int, unit: str, assessor: str, stage: str
    ) -> Iterator[tuple[Any, ...]]:
        """The mark of a row; nothing where it is wrong."""
        leaf = self._item(row, number, stage)
        if leaf is None:
            return
        key = (unit, assessor, stage, leaf.id)
        if key in self.seen:
            text = say(
                zh="与第{first}行重复：同一评委对同一对象的同一评分项",
                en="repeats row {first}: the same assessor, unit and item",
                first=self.seen[key],
            )
            self._complain(text, "unit", number)
            return
        self.seen[key] = number
        if is_blank(row["score"]):
            text = say(
                zh="空白，应有评分；回避的写“回避”",
                en="blank, expected a mark, or “recused”",
            )
            self._complain(text, "score", number)
            return
        score, reason = read_mark(row["score"], leaf, self.panel)
        if reason is not None:
            self._complain(reason, "score", number)
            return
        group = self._text(row, "group")
        self._check_group(assessor, stage, group, number)
        yield unit, assessor, group, stage, leaf.id, score, number

    def _item(self, row: Mapping[str, Any], number: int, stage: str) -> Indicator | None:
        """The leaf that a row marks."""
        word = self._text(row, "item")
        if not word and len(self.leaves) == 1:
            ids = list(self.leaves)
        else:
            ids = self.items.ids(word) if word else []
        if len(ids) != 1:
            text = self.items.complaint(word) if word else None
            text = text or say(zh="没有写评分项", en="no item is named")
            self._complain(text, "item", number)
            return None
        leaf = self.leaves[ids[0]]
        reason = why_unmarked(leaf, stage, self.scheme)
        if reason is not None:
            self._complain(reason, "item" if leaf.leaf_rule.is_of_words else "stage", number)
            return None
        return leaf

    def _vote(
        self, row: Mapping[str, Any], number: int, unit: str, voter: str, veto: str
    ) -> Iterator[tuple[Any, ...]]:
        """The vote of a row; nothing where it is wrong."""
        key = (unit, voter, veto, "")
        vote, reason = read_vote(row["score"])
        if key in self.seen:
            text = say(
                zh="与第{first}行重复：同一人对同一对象投了两票",
                en="repeats row {first}: the same person votes twice on a unit",
                first=self.seen[key],
            )
            self._complain(text, "unit", number)
        elif reason is not None:
            self._complain(reason, "score", number)
        elif vote is not None:
            yield unit, voter, veto, vote
        self.seen.setdefault(key, number)


@dataclass(frozen=True)
class _VoteStage:
    """A vote as what is called like a stage: by its id, or by its name."""

    veto: Veto

    @property
    def id(self) -> str:
        return self.veto.id

    @property
    def name(self) -> Text:
        return self.veto.name if self.veto.vote is None else self.veto.vote.name


def read_mark(cell: Any, leaf: Indicator, panel: Panel) -> tuple[float, Text | None]:
    """A cell's mark on a leaf, and the reason why it is none: no number, one that the leaf's rule
    does not understand, or one between two steps of the panel."""
    score, reason = parse_number(cell, percent=is_percent(leaf))
    return score, reason or _off_range(leaf, score) or _off_step(score, panel.step)


def _off_range(leaf: Indicator, score: float) -> Text | None:
    low, high = leaf.leaf_rule.limits(leaf.written_for)
    if (low is None or score >= low) and (high is None or score <= high):
        return None
    return say(
        zh="评分为“{found:.10g}”，应在 {low:.10g} 与 {high:.10g} 之间",
        en="the mark is “{found:.10g}”, expected {low:.10g} to {high:.10g}",
        found=score,
        low=-np.inf if low is None else low,
        high=np.inf if high is None else high,
    )


def _off_step(score: float, step: float | None) -> Text | None:
    if step is None or not Decimal(repr(score)) % Decimal(repr(float(step))):
        return None
    return say(
        zh="评分为“{found:.10g}”，应为 {step:.10g} 的整数倍",
        en="the mark is “{found:.10g}”, expected a multiple of {step:.10g}",
        found=score,
        step=step,
    )


def read_vote(cell: Any) -> tuple[str | None, Text | None]:
    """A cell's vote ("yes", "no", "abstained"; None of somebody who withdrew), and the reason why
    it is none."""
    word = "" if is_blank(cell) else plain_text(cell).lower()
    if word in VOTES or word in RECUSED:
        return VOTES.get(word), None
    want = Text("“同意”“不同意”“弃权”或“回避”", "yes, no, abstained or recused")
    return None, unexpected(word, want, Text("表决", "the vote"))


def why_unmarked(leaf: Indicator, stage: str, scheme: Scheme) -> Text | None:
    """Why assessors do not mark a leaf at a stage; None where they do."""
    if leaf.leaf_rule.is_of_words:
        return say(
            zh="“{leaf}”按档次评分，不能由评委打分",
            en="“{leaf}” is scored by levels and takes no marks",
            leaf=leaf.name,
        )
    later = [s.id for s in scheme.stages if s.effect != "part"]
    if leaf.leaf_rule.tasks and stage not in later:
        return say(
            zh="“{leaf}”按任务清单填报，不能由评委打分",
            en="“{leaf}” is a list of tasks and takes no marks",
            leaf=leaf.name,
        )
    wanted = [*(leaf.stages or [""]), *later]
    if stage in wanted:
        return None
    names: dict[str, Named] = {s.id: s for s in scheme.stages}
    if not leaf.stages and stage not in later:
        return say(zh="“{leaf}”不分阶段评分", en="“{leaf}” is not marked by stages", leaf=leaf.name)
    return say(
        zh="“{leaf}”在{stages}评分",
        en="“{leaf}” is marked at: {stages}",
        leaf=leaf.name,
        stages=listing(names[id].name for id in leaf.stages),
    )


def marks_at(assessor: Assessor, stage: str) -> bool:
    """Whether an assessor marks at a stage."""
    return not assessor.stages or stage in assessor.stages


class _Filling:
    """Marks on their way into a table of data."""

    def __init__(self, ratings: Ratings, scheme: Scheme, data: Rows):
        self.ratings, self.scheme, self.data, self.problems = ratings, scheme, data, Problems()
        self.panel = scheme.panel or Panel()
        self.units = units_of(data, scheme)
        self.places = places_of(data, scheme)
        self.passed = passed_screens(data, scheme)
        self.short: set[tuple[int, str, str]] = set()  # unit, item and stage with too few marks

    def rows(self) -> Rows:
        """The table with the columns of marks and votes."""
        marks = self.ratings.frame
        new: dict[str, list[Any]] = {}
        for (stage, item), given in marks.groupby(["stage", "item"], sort=False):
            key = f"{item}@{stage}" if stage else str(item)
            new[key] = self._column(given, str(stage), str(item))
        for veto, cast in self.ratings.votes.groupby("veto", sort=False):
            new[f"veto:{veto}"] = self._carried(cast, str(veto))
        rows, columns = [list(row) for row in self.data.rows], {}
        for key, values in new.items():
            if key in self.places:
                self._put(rows, self.places[key], values)
            else:
                columns[key] = values
        self._check_unmarked(columns)
        self.problems.stop()
        return replace(self.data, rows=rows).beside(columns)

    def _check_unmarked(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Complain of units that passed the screens and lack marks, a sentence a unit and stage,
        where nothing but the ratings gives them and the scheme does not say what a blank gives."""
        lacking: dict[tuple[int, str], list[Indicator]] = {}
        asked: dict[str, int] = {}
        for key, values in columns.items():
            item, _, stage = key.partition("@")
            if key.startswith("veto:") or not self._must_be_marked(item, stage):
                continue
            asked[stage] = asked.get(stage, 0) + 1
            for k, value in enumerate(values):
                if value is None and self.passed[k] and (k, item, stage) not in self.short:
                    lacking.setdefault((k, stage), []).append(self.scheme.indicator(item))
        for (k, stage), items in lacking.items():
            of = say(
                zh="{items}的", en=" on {items}", items=listing((x.name for x in items), most=5)
            )
            text = say(
                zh="“{unit}”在“{stage}”没有{of}评分",
                en="“{unit}” has no marks at “{stage}”{of}",
                unit=self.units[k],
                stage=_stage_name(self.scheme, stage),
                of=Text("", "") if len(items) == asked[stage] else of,
            )
            self.problems.add(text, file=self.ratings.name)

    def _must_be_marked(self, item: str, stage: str) -> bool:
        """Whether a blank of an item at a stage is a complaint."""
        leaf = self.scheme.indicator(item)
        later = {s.id for s in self.scheme.stages if s.effect != "part"}
        return stage not in later and (leaf.missing.blank or self.scheme.missing.blank) == "fail"

    def _column(self, given: pd.DataFrame, stage: str, item: str) -> list[float | None]:
        """One mark of each row's unit on an item at a stage; None where nobody marked it."""
        wide = given.pivot(index="unit", columns="assessor", values="score").reindex(self.units)
        marking, marks = self.panel.marking(stage), wide.to_numpy(float)
        count = np.count_nonzero(~np.isnan(marks), axis=1)
        least = least_marks(marking.how, marking.drop)
        for k in np.flatnonzero((count < least) & (count > 0) & np.array(self.passed)).tolist():
            self._too_few(k, stage, item, int(count[k]), least)
        one = one_of_marks(marks, marking)
        return [None if np.isnan(x) else float(x) for x in one]

    def _too_few(self, k: int, stage: str, item: str, count: int, least: int) -> None:
        self.short.add((k, item, stage))
        text = say(
            zh="“{unit}”的“{item}”（{stage}）只有{count}个评分，去掉最高分和最低分至少要有{least}个",
            en="“{item}” of “{unit}” ({stage}) has {count:mark|marks}: without the highest and "
            "lowest at least {least} are needed",
            unit=self.units[k],
            item=self.scheme.indicator(item).name,
            stage=_stage_name(self.scheme, stage),
            count=count,
            least=least,
        )
        self.problems.add(text, file=self.ratings.name)

    def _carried(self, cast: pd.DataFrame, veto: str) -> list[str | None]:
        """Of each row, “是” where its unit did not carry a vote, “否” where it did; None where it
        was not put to the vote."""
        vote = next(v.vote for v in self.scheme.vetoes if v.id == veto)
        if vote is None:
            raise ValueError(f"{veto} is no vote")
        tally = pd.crosstab(cast["unit"], cast["vote"]).reindex(
            index=self.units, columns=["yes", "no", "abstained"], fill_value=0
        )
        return [
            None if not sum(counts) else "否" if vote.carried(*counts) else "是"
            for counts in tally.to_numpy(int).tolist()
        ]

    def _put(self, rows: list[list[Any]], place: int, values: Sequence[Any]) -> None:
        """Values into the blanks of a column that is there already."""
        for row, number, value in zip(rows, self.data.numbers, values, strict=True):
            if value is None:
                continue
            if not is_blank(row[place]):
                text = say(
                    zh="内容为“{found}”，而评分表 {name} 也给出该值，应只留一处",
                    en="found “{found}”, which the ratings {name} give too: keep one of them",
                    found=clip(row[place]),
                    name=self.ratings.name,
                )
                at, column = self.data.place(number, self.data.header[place])
                self.problems.add(text, file=self.data.name, row=at, column=column)
            row[place] = value


def one_of_marks(marks: np.ndarray, marking: Marking) -> np.ndarray:
    """Marks of assessors (…, k) as one, as a scheme says."""
    return combined(marks, marking.how, marking.trim, marking.drop)


def _stage_name(scheme: Scheme, stage: str) -> Text:
    return next((s.name for s in scheme.stages if s.id == stage), Text("评分", "marks"))

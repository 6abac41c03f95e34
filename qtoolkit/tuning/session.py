"""Points, cutoffs and quotas moved by hand: what is chosen now, what was chosen before, what it
does."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, ClassVar

import pandas as pd

from qtoolkit import display
from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs import margins
from qtoolkit.display import Card, Shown
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.errors import InputError, WorkError, nearest, one_of, real, unexpected
from qtoolkit.filing import safe_name
from qtoolkit.inputs.case import Case
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.consistency import check_lines
from qtoolkit.inputs.locate import installed_cases
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import LANGUAGES, Text, listing, same, say
from qtoolkit.lines import LinesSaid, lines_said
from qtoolkit.trials import (
    BY_HAND,
    NO_PLACE,
    Quota,
    Regraded,
    Trial,
    append,
    cutoff_moved,
    now,
    place_of,
    points_moved,
    quota_moved,
    reason,
    regraded,
    regraded_said,
    row_of,
    short_labels,
)
from qtoolkit.tuning.choices import Choice, Written
from qtoolkit.tuning.masks import masked_order, masks
from qtoolkit.tuning.sharing import ALL, SIBLINGS, STEPS, Family
from qtoolkit.workbooks.saving import save

MOST = 8  # units that one sentence names


@dataclass(frozen=True)
class Tried(Trial):
    """A trial of the session, by its number from 1; 0 is the scheme as it is written."""

    number: int
    choice: Choice


class Tuning(Shown):
    """A scheme whose points, cutoffs and quotas are moved by hand, with what that does to its
    units.

    In a notebook it shows itself as a panel with sliders; each of its methods moves the panel too.

    Parameters
    ----------
    case : Case
        From `qt.read_case` or `qt.open`; its scheme is what everything is compared with.
    band : float
        Score ranges are those with every indicator's points within ± this share.
    language : "zh" or "en", optional
        That of the notebook if left out.
    names : bool
        Whether units are shown by their names from the beginning.
    record : bool
        Whether each trial is added to `trials.csv` beside the case's data.

    Attributes
    ----------
    keep : "siblings", "all", or an indicator's id
        Who takes up the difference when points are moved.
    step : float
        Points are shared out in multiples of it.
    locked : frozenset of ids
        Indicators that keep their points.

    >>> import qtoolkit as qt
    >>> tuning = qt.tuning.Tuning(qt.read_case("params/city-2026"), record=False)
    >>> tuning.move("credit", 5).keep
    'siblings'
    >>> tuning.quota("A", 5).table.query("changed")[["written_grade", "grade"]].astype(
    ...     str
    ... ).values.tolist()
    [['B', 'A']]
    >>> tuning.changes["points.credit"], tuning.undo().undo().changes
    (5.0, {})
    """

    card_title: ClassVar[Text] = Text("手工调整", "Tuning by hand")

    def __init__(
        self,
        case: Case,
        *,
        band: float = 0.1,
        language: str | None = None,
        names: bool = False,
        record: bool = True,
    ):
        if not isinstance(case, Case):
            want = Text("qt.read_case 或 qt.open 读取的案例", "a case of qt.read_case or qt.open")
            raise InputError(unexpected(type(case).__name__, want, "case"))
        self.case = case
        self.written = Written(case.scheme, case.table)
        self.band = real("band", band, 0.0, 1.0)
        if language not in (None, *LANGUAGES):
            raise InputError(unexpected(language, one_of(LANGUAGES), "language"))
        self.language = language or display.spoken()
        self.names = names
        self.keep: str = SIBLINGS
        self.step = 0.5
        self.locked: frozenset[str] = frozenset()
        self.tried: list[Tried] = []
        self.warning: Text | None = None
        self.notice: Text | None = None  # what the last move could not do, or who else it moved
        units, hidden = case.table.units, masks(case.table.units, case.table.labels)
        self._labels = {
            shown: dict(zip(units, labels, strict=True))
            for shown, labels in ((True, case.table.labels), (False, hidden))
        }
        self._seen = False  # whether names were shown while the present move lasted
        self._record = place_of(case.files["data"]) if record else None
        if record and self._record is None:
            self.warning = NO_PLACE
        self._unwritten: list[Tried] = []
        self._history = [self.written.choice]
        self._at = 0
        self._drag: Choice | None = None
        self._moving: tuple[str, str] | None = None
        self._by = same("")  # who takes up the points that are moving
        self._watchers: list[Callable[[], None]] = []
        self._panel: Any = None
        self.written.assessed(self.written.choice)

    # What there is now

    @property
    def choice(self) -> Choice:
        """What is chosen now, a move that is not ended included."""
        return self._history[self._at] if self._drag is None else self._drag

    @property
    def result(self) -> Assessment:
        """The assessment under what is chosen now."""
        return self.written.assessed(self.choice)

    @property
    def lines(self) -> LinesSaid | None:
        """How lines that follow from the scores go, see :mod:`qtoolkit.lines`."""
        return self.result.lines

    @property
    def scheme(self) -> Scheme:
        """The scheme with what is chosen now."""
        return self.result.scheme

    @property
    def changes(self) -> dict[str, Any]:
        """What is chosen otherwise than in the scheme, as `changes` of a params.yaml."""
        return dict(self.case.parameters.changes) | self.written.changes(self.choice)

    @property
    def table(self) -> pd.DataFrame:
        """The units now and in the written scheme.

        Returns
        -------
        DataFrame indexed by unit
            score, rank, grade, written_score, written_rank, written_grade, changed (whether the
            grade does), above and below (points to the neighbouring grades, see
            :func:`qtoolkit.cutoffs.margins`).
        """
        now, before = self.result, self.written.assessed(self.written.choice)
        away = margins(now)
        return pd.DataFrame(
            {
                "score": now.scores,
                "rank": now.ranks,
                "grade": now.grades,
                "written_score": before.scores,
                "written_rank": before.ranks,
                "written_grade": before.grades,
                "changed": now.grades.cat.codes != before.grades.cat.codes,
                "above": away["above"],
                "below": away["below"],
            }
        )

    @property
    def points(self) -> pd.DataFrame:
        """Points of all indicators and blocks: written, now, and whether they are locked; indexed
        by id in the order of the tree."""
        nodes = self.written.scheme.nodes
        now = self.written.points(self.choice)
        return pd.DataFrame(
            {
                "name": [node.name.of(self.language) for node in nodes],
                "written": [node.full_points for node in nodes],
                "now": [now[node.id] for node in nodes],
                "locked": [node.id in self.locked for node in nodes],
            },
            index=pd.Index([node.id for node in nodes], name="indicator"),
        )

    @property
    def trials(self) -> pd.DataFrame:
        """What was tried since the panel was opened: time, moved, changed (how many grades),
        effect, the units in each grade, changes; indexed by number. Earlier sessions are in the
        file, see :func:`qtoolkit.tuning.read_trials`."""
        language = self.language
        rows = [
            {
                "time": trial.time,
                "moved": trial.moved.of(language),
                "changed": len(trial.changed),
                "effect": self.effect(trial.changed).of(language),
                **trial.counts,
                "changes": dict(trial.changes),
            }
            for trial in self.tried
        ]
        numbers = pd.Index([trial.number for trial in self.tried], name="trial")
        grades = [grade.id for grade in self.written.scheme.grades]
        columns = ["time", "moved", "changed", "effect", *grades, "changes"]
        return pd.DataFrame(rows, index=numbers, columns=columns)

    # Moving

    def move(self, indicator: str, to: float, keep: str | None = None) -> Tuning:
        """Give an indicator, or a block, other points; others take up the difference.

        Parameters
        ----------
        indicator : id
        to : points; as near as the others allow
        keep : "siblings", "all" or the id of another indicator; as `tuning.keep` says if left out
        """
        if keep is None:
            return self.drag(indicator, to).release()
        usual = self.keep
        self.share_with(keep)
        try:
            self.drag(indicator, to).release()
        finally:
            self.share_with(usual)
        return self

    def cutoff(self, grade: str, to: float) -> Tuning:
        """Move the cutoff of a grade."""
        return self.drag_cutoff(grade, to).release()

    def quota(self, grade: str, most: Quota) -> Tuning:
        """Set how many units, or which share of them below 1, may have a grade or better; None for
        no limit."""
        place = self._grade(grade)
        self.release()
        quotas = list(self.choice.quotas)
        key = f"grades.{grade}.quota"
        quotas[place] = change(self.written.scheme, {key: most}).grades[place].quota
        now = self.choice
        self._try(Choice(now.points, now.cutoffs, tuple(quotas)), ("quota", grade))
        return self.release()

    def drag(self, indicator: str, to: float) -> Tuning:
        """The same as :meth:`move`, but not ended: the next one begins from where this one did,
        until :meth:`release`."""
        ticks = self._ticks(to)
        family = Family(self.written.scheme, indicator, self.keep, self.locked)
        start = self._history[self._at]
        points = family.move(start.points, ticks, int(to_ticks(self.step)))
        self._try(Choice(points, start.cutoffs, start.quotas), ("points", indicator))
        self._by = self._takers(family)
        self.notice = _stopped(family, points, ticks)
        return self._told()

    def drag_cutoff(self, grade: str, to: float) -> Tuning:
        """The same as :meth:`cutoff`, but not ended; a cutoff stops a step before its neighbours,
        those of classes that have none of their own for this grade too."""
        place, ticks = self._grade(grade), self._ticks(to)
        check_lines(self.written.scheme, [grade])
        start = self._history[self._at]
        low, high = self._room(place, start.cutoffs)
        cutoffs = list(start.cutoffs)
        now = cutoffs[place] or 0
        cutoffs[place] = max(min(ticks, max(high, now)), min(low, now))
        self._try(Choice(start.points, tuple(cutoffs), start.quotas), ("cutoffs", grade))
        if cutoffs[place] != ticks:
            self.notice = say(
                zh="{grade}分数线止于 {x:.10g}：不能越过相邻等级，也不能高于最高得分",
                en="the cutoff of {grade} stops at {x:.10g}: it cannot pass its neighbours, nor "
                "the highest score",
                grade=self._label(grade),
                x=float(from_ticks(cutoffs[place] or 0)),
            )
        return self._told()

    def release(self) -> Tuning:
        """End a move: it becomes a step to undo and a trial."""
        choice, what = self._drag, self._moving
        self._drag = self._moving = None
        seen, self._seen = self._seen, False
        if choice is None or what is None or choice == self._history[self._at]:
            return self._told()
        before = self._history[self._at]
        self._step(choice)
        self._note(choice, self._moved(what, before, choice), seen)
        return self._told()

    def undo(self) -> Tuning:
        """Go back by one step, or drop a move that is not ended; what was tried stays in the
        list."""
        if self._drag is None:
            self._at = max(self._at - 1, 0)
        self._drag = self.notice = None
        return self._told()

    def redo(self) -> Tuning:
        """Take back an undo."""
        self._drag = self.notice = None
        self._at = min(self._at + 1, len(self._history) - 1)
        return self._told()

    def reset(self) -> Tuning:
        """Back to the written scheme, as a step that can be undone."""
        self._drag = self.notice = None
        self._step(self.written.choice)
        return self._told()

    def go_to(self, trial: int) -> Tuning:
        """Back to a trial, by its number; 0 is the written scheme."""
        self._drag = self.notice = None
        self._step(self._tried(trial)[0])
        return self._told()

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at < len(self._history) - 1

    def lock(self, *indicators: str) -> Tuning:
        """Let indicators, with all below them, keep their points."""
        self.release()
        self.locked |= {self.written.scheme.indicator(id).id for id in indicators}
        return self._told()

    def unlock(self, *indicators: str) -> Tuning:
        """Let them move again; all if none is named."""
        self.release()
        ids = {self.written.scheme.indicator(id).id for id in indicators} or self.locked
        self.locked -= ids
        return self._told()

    def share_with(self, keep: str) -> Tuning:
        """Who takes up the difference: "siblings", "all", or another indicator's id."""
        if keep not in (SIBLINGS, ALL):
            self.written.scheme.indicator(keep)
        self.release()
        self.keep = keep
        return self._told()

    def in_steps_of(self, step: float) -> Tuning:
        """In which steps points are shared out: .1, .5 or 1."""
        if step not in STEPS:
            raise InputError(unexpected(step, one_of(map(str, STEPS)), "step"))
        self.release()
        self.step = float(step)
        return self._told()

    def show_names(self, shown: bool = True) -> Tuning:
        """Show the units' names, or hide them again."""
        self.names = bool(shown)
        self._seen |= self.names and self._drag is not None
        return self._told()

    # What it does

    @property
    def changed(self) -> list[Regraded]:
        """Unit, written grade and grade now of each unit whose grade changes."""
        written, now = (self.written.assessed(c) for c in (self.written.choice, self.choice))
        return regraded(written.grades, now.grades)

    @property
    def status(self) -> Text:
        """One sentence: whose grades change, and the sum of the points."""
        total = float(from_ticks(sum(self.choice.points)))
        changed = self.changed
        if not changed:
            return say(
                zh="等级没有变化；合计{t:.10g}", en="No grade changes; total {t:.10g}", t=total
            )
        return say(
            zh="等级改变{n}家：{effect}；合计{t:.10g}",
            en="{n:grade changes|grades change}: {effect}; total {t:.10g}",
            n=len(changed),
            effect=self.effect(changed, MOST),
            t=total,
        )

    def effect(self, changed: Sequence[Regraded], most: int | None = None) -> Text:
        """Changed grades as "甲市 B→C", with the names that are shown now; `most` of them. While
        names are hidden the order is that of the masks: the table's would tell who is who."""
        if not self.names:
            place = {unit: i for i, unit in enumerate(self.shown_order)}
            changed = sorted(changed, key=lambda change: place[change[0]])
        said = listing(regraded_said(changed[:most], self.labels, self.short))
        more = same("…" if most is not None and len(changed) > most else "")
        return say(zh="{said}{more}", en="{said}{more}", said=said, more=more)

    @property
    def short(self) -> dict[str, Text]:
        """What grades are called where one becomes another: of “B级” the B alone."""
        return short_labels(self.written.scheme)

    @property
    def labels(self) -> dict[str, Text]:
        """The units' names as they are shown now."""
        return self._labels[self.names]

    @property
    def shown_order(self) -> list[str]:
        """The units in the table's order, or in that of the masks while names are hidden."""
        units = self.written.table.units
        return list(units) if self.names else [units[k] for k in masked_order(units)]

    def compare(self, first: int, second: int) -> pd.DataFrame:
        """In what two trials differ, by their numbers; 0 is the written scheme.

        Returns
        -------
        DataFrame
            kind ("grade", "points", "cutoff", "quota", "rank"), id (of the unit, indicator or
            grade), first, second; what is alike in both is left out.
        """
        (one, left), (two, right) = self._tried(first), self._tried(second)
        scheme = self.written.scheme
        grades = [grade.id for grade in scheme.grades[:-1]]
        points = self.written.points(one), self.written.points(two)
        pairs = [
            ("grade", left.grades.astype(object).to_dict(), right.grades.astype(object).to_dict()),
            ("points", {node.id: points[0][node.id] for node in scheme.nodes}, points[1]),
            ("cutoff", _in_points(grades, one.cutoffs), _in_points(grades, two.cutoffs)),
            ("quota", dict(zip(grades, one.quotas, strict=True)),
             dict(zip(grades, two.quotas, strict=True))),
            ("rank", left.ranks.to_dict(), right.ranks.to_dict()),
        ]  # fmt: skip
        rows = [(kind, id, a[id], b[id]) for kind, a, b in pairs for id in a if a[id] != b[id]]
        columns = ["kind", "id", "first", "second"]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def save(self, name: str) -> Path:
        """Save the scheme as it is chosen now, beside the written one and in its form, with its
        comments.

        Parameters
        ----------
        name : name of a new file, such as "scheme-trial.yaml" (or .xlsx)

        Returns
        -------
        Path of the file.

        Raises
        ------
        InputError
            It is no bare name of a file, or there is such a file.
        WorkError
            It cannot be written; or `changes` of the parameters hold choices of method, which this
            does not write into a scheme.
        """
        source = self.case.files["scheme"]
        is_plain = name == safe_name(name) and name.isprintable() and name[0] not in "-."
        if not is_plain or PureWindowsPath(name).name != name:
            want = Text(
                "文件名（不含文件夹），如 scheme-trial.yaml",
                "a file name without a folder, such as scheme-trial.yaml",
            )
            raise InputError(unexpected(name, want, Text("文件名", "the file name")))
        if source.parent.resolve().is_relative_to(installed_cases().resolve()):
            raise InputError(_INSTALLED)
        target = source.parent / name
        save(self.scheme, source, target, self.language)
        return target

    def card(self) -> Card:
        """What is chosen now, where no panel can be shown."""
        frame = self.table
        n = len(self.written.changes(self.choice))
        return Card(
            self.card_title,
            f"{self.written.scheme.id}, {f'changes: {n}' if n else 'as written'}",
            [self.status, *lines_said(self.lines)],
            frame[frame["changed"]].head(display.ROWS) if self.names else None,
            int(frame["changed"].sum()),
            "table",
            ("points", "trials", "changes"),
        )

    def _repr_mimebundle_(self, **asked: Any) -> Any:
        """The panel, for JupyterLab."""
        if self._panel is None:
            from qtoolkit.tuning.widget import Panel

            self._panel = Panel(self)
        data, metadata = self._panel._repr_mimebundle_(**asked) or ({}, {})
        return {**data, "text/plain": repr(self), "text/html": self._repr_html_()}, metadata

    # Within

    def _try(self, choice: Choice, what: tuple[str, str]) -> None:
        """Choose this for now; what the scheme cannot take leaves everything as it was."""
        self.written.assessed(choice)
        self._drag, self._moving, self.notice = choice, what, None
        self._seen |= self.names

    def _ticks(self, to: float) -> int:
        """An argument in ticks, at most what anything can have: 1e9 points would be no whole number
        of 64 bits."""
        return int(to_ticks(min(real("to", to), self._most)))

    @property
    def _most(self) -> float:
        """The most points that a unit can have, and the highest cutoff."""
        scheme = self.written.scheme
        cutoffs = [grade.line for grade in scheme.grades if grade.has_line]
        return max(scheme.total, scheme.cap or 0.0, *cutoffs)

    def _room(self, place: int, cutoffs: Sequence[int | None]) -> tuple[int, int]:
        """The least and the greatest cutoff of a grade a step from its neighbours, in ticks."""
        grades, step = self.written.scheme.grades, int(to_ticks(self.step))
        own = grades[place].class_cutoffs
        low, high = [step], [int(to_ticks(self._most))]
        for group in (None, *(c for c in self.written.scheme.classes if c not in own)):
            lines = [
                int(to_ticks(grade.class_cutoffs[group])) if group in grade.class_cutoffs else ticks
                for grade, ticks in zip(grades, cutoffs, strict=False)
            ]
            above, below = (
                [ticks for ticks in some if ticks is not None]
                for some in (lines[:place], lines[place + 1 :])
            )
            low += [ticks + step for ticks in below[:1]]
            high += [ticks - step for ticks in above[-1:]]
        return max(low), min(high)

    def _step(self, choice: Choice) -> None:
        if choice != self._history[self._at]:
            self._history[self._at + 1 :] = [choice]
            self._at += 1

    def _told(self) -> Tuning:
        for watcher in self._watchers:
            watcher()
        return self

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever anything changes."""
        self._watchers.append(watcher)

    def _grade(self, grade: str) -> int:
        ids = [g.id for g in self.written.scheme.grades[:-1]]
        if not ids:
            text = Text(
                "方案只有一个等级，没有分数线和名额可调整",
                "the scheme has one grade: there is no cutoff and no quota to move",
            )
            raise InputError(text)
        if grade not in ids:
            hint = nearest(grade, ids)
            raise InputError(unexpected(grade, one_of(ids), "grade", hint))
        return ids.index(grade)

    def _label(self, grade: str) -> Text:
        return self.written.scheme.grade(grade).label

    def _tried(self, number: int) -> tuple[Choice, Assessment]:
        last = len(self.tried)
        is_whole = isinstance(number, numbers.Integral) and not isinstance(number, bool)
        if not (is_whole and 0 <= number <= last):
            want = say(zh="0到{n}的整数", en="a whole number from 0 to {n}", n=last)
            raise InputError(unexpected(number, want, Text("试算编号", "the trial")))
        choice = self.tried[number - 1].choice if number else self.written.choice
        return choice, self.written.assessed(choice)

    def _note(self, choice: Choice, moved: Text, names: bool) -> None:
        """Put a trial on the list and into the file; `names`: whether they were shown meanwhile."""
        trial = Tried(
            how=BY_HAND,
            number=len(self.tried) + 1,
            time=now(),
            moved=moved,
            choice=choice,
            changes=self.changes,
            before=self.written.assessed(self.written.choice).grades,
            after=self.written.assessed(choice).grades,
            names=names,
        )
        self.tried.append(trial)
        if self._record is None:
            return
        self._unwritten.append(trial)
        scheme, units = self.case.scheme, self._labels[True]
        try:
            while self._unwritten:
                row = row_of(self._unwritten[0], scheme, units, self.language)
                append(self._record, row, self.language)
                del self._unwritten[0]
            self.warning = None
        except (InputError, WorkError) as error:
            self.warning = say(
                zh="{why}；记录仍保留在本次列表中，文件可写后一并补记",
                en="{why}; it stays in the list and is written once the file can be",
                why=reason(error),
            )

    def _moved(self, what: tuple[str, str], before: Choice, after: Choice) -> Text:
        """What was moved, from what to what."""
        kind, id = what
        if kind == "points":
            name = self.written.scheme.indicator(id).name
            old, new = (self.written.points(choice)[id] for choice in (before, after))
            said = points_moved(name, old, new)
            return say(zh="{said}（{by}）", en="{said} ({by})", said=said, by=self._by)
        place, label = self._grade(id), self._label(id)
        if kind == "cutoffs":
            old, new = (float(from_ticks(c.cutoffs[place] or 0)) for c in (before, after))
            return cutoff_moved(label, old, new)
        return quota_moved(label, before.quotas[place], after.quotas[place])

    def _takers(self, family: Family) -> Text:
        """Who takes up the difference, in words."""
        if family.is_wider:
            return Text("上级其他指标分摊", "taken up by indicators beside its block")
        if self.keep == SIBLINGS:
            return Text("同级指标分摊", "taken up by its siblings")
        if self.keep == ALL:
            return Text("全部指标分摊", "taken up by all others")
        name = self.written.scheme.indicator(self.keep).name
        return say(zh="由“{name}”分摊", en="taken up by “{name}”", name=name)


def _stopped(family: Family, points: Sequence[int], wanted: int) -> Text | None:
    """That an indicator has not got what was asked for, or got it from others than meant."""
    have = family.points(points)
    if have != wanted:
        return say(
            zh="“{name}”止于{x:.10g}分：分摊的指标已没有分可让，或其余已锁定",
            en="“{name}” stops at {x:.10g} points: those that take them up have none left, or are "
            "locked",
            name=family.node.name,
            x=float(from_ticks(have)),
        )
    if family.is_wider:
        return say(
            zh="“{name}”没有可调整的同级指标，由上级的其他指标分摊",
            en="“{name}” has no siblings that can move: the others of the block around take it up",
            name=family.node.name,
        )
    return None


_INSTALLED = Text(
    "案例随软件附带，其文件夹中不存方案；请先把案例复制到自己的文件夹",
    "this case came with the toolkit: no scheme is saved in its folder; copy it to a folder of "
    "your own first",
)


def _in_points(ids: Sequence[str], ticks: Sequence[int | None]) -> Mapping[str, float]:
    """The cutoffs of those grades that have one."""
    return {id: float(from_ticks(x)) for id, x in zip(ids, ticks, strict=True) if x is not None}

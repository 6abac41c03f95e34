"""The panel in JupyterLab: the session's face in the browser.

The browser draws and asks; every number comes from the kernel. A message from the browser is a
mapping with `kind`, the name of one of ACTIONS, and what that takes; each is answered by one
message `state` that carries its `seq`, so that the browser keeps one in flight and never falls
behind.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import anywidget
import traitlets

from qtoolkit.display import SYNTHETIC
from qtoolkit.engine import from_ticks
from qtoolkit.errors import InputError, WorkError, unexpected
from qtoolkit.inputs.consistency import BY
from qtoolkit.inputs.numbertext import number_meant
from qtoolkit.inputs.schemeyaml import yaml_of
from qtoolkit.language import Text, in_print, same, say
from qtoolkit.report.blocks import rounded_towards
from qtoolkit.runs.executors import background
from qtoolkit.trials import quota_said
from qtoolkit.tuning import proofs
from qtoolkit.tuning.choices import Choice
from qtoolkit.tuning.sharing import ALL, SIBLINGS, STEPS
from qtoolkit.tuning.words import WORDS

if TYPE_CHECKING:
    from qtoolkit.tuning.session import Tuning

Content = Mapping[str, Any]  # of a message from the browser
Asked = tuple[Choice, str, frozenset[str], float]  # what is chosen, keep, locked and step
Message = dict[str, Any]  # to it
LOG = logging.getLogger(__name__)
ROOM = Path(__file__).parent / "panel"
SCRIPT = ("basics", "kernel", "tools", "tree", "axis", "units", "plot", "lists", "panel")
"""The parts of the panel's script, in the order in which they make one."""
FOLLOWING = ("release", "rest", "view", "hello")  # messages that no new move begins with
MANY = 10**9  # more than any number that a hand means
MARGINS = 120  # units up to which margins are worked out while a hand moves
REST = 1.0  # seconds without a move until tolerances are worked out: of 300 units they take long
PARTS = 12  # parts of a score that are drawn one by one


class Panel(anywidget.AnyWidget):
    """The panel of one session. `setup` is what never changes; all else goes by messages."""

    _esm = "\n".join((ROOM / f"{part}.js").read_text(encoding="utf-8") for part in SCRIPT)
    _css = (ROOM / "panel.css").read_text(encoding="utf-8")
    setup = traitlets.Dict().tag(sync=True)

    def __init__(self, tuning: Tuning):
        self.tuning = tuning
        self.quick = Background("quick", self._proven)
        self.slow = Background("slow", self._proven, REST)
        self._view = "dots"
        self._asked: Asked | None = None
        self._complaint: Text | None = None  # until the hand does something else
        self._busy = False
        super().__init__(setup=setup_of(tuning))
        self.on_msg(self._heard)
        tuning.watch(self._moved)

    def _heard(self, _widget: Any, content: Content, _buffers: Any) -> None:
        """Do what the browser asks, and answer with the state whatever comes of it."""
        kind = str(content.get("kind"))
        self._busy = True
        if kind not in FOLLOWING:
            self._complaint = None
        try:
            self._act(kind, content)
        except InputError as error:
            self._complaint = Text(*("; ".join(error.sentences(x)) for x in ("zh", "en")))
        except WorkError as error:
            self._complaint = error.text
        finally:
            self._busy = False
            self._view = _text(content, "view")
            self._answer(content.get("seq"), resting=kind == "rest")

    def _act(self, kind: str, content: Content) -> None:
        if kind not in ACTIONS:
            return
        action = ACTIONS[kind]
        made = action.act(self.tuning, content)
        if kind in ("hello", "names"):  # a browser that knows nothing yet, or the wrong names
            self._asked = None
        if kind == "names":
            self.send({"kind": "compared", "trials": [], "rows": []})
        if isinstance(made, dict):
            self.send(made)
        if action.then == "lists":
            self.send({"kind": "lists", **lists_of(self.tuning)})
        if action.then:
            self.prove()

    def _moved(self) -> None:
        """Show what was done by code."""
        if not self._busy:
            self.send({"kind": "lists", **lists_of(self.tuning)})
            self._answer(None)
            self.prove()

    def _answer(self, seq: Any, resting: bool = False) -> None:
        state = state_of(self.tuning, self._view, resting)
        said = self._complaint or self.tuning.notice or self.tuning.warning
        warning = "" if said is None else said.of(self.tuning.language)
        stale = self._asked != self._asking  # what is shown of proofs is of something else
        self.send({"kind": "state", "seq": seq, "warning": warning, "stale": stale, **state})

    @property
    def _asking(self) -> Asked:
        """What proofs would be of now."""
        tuning = self.tuning
        return tuning.choice, tuning.keep, tuning.locked, tuning.step

    def prove(self) -> None:
        """Have the proofs for what is chosen now worked out in the background."""
        tuning, asked = self.tuning, self._asking
        if asked == self._asked:
            return
        self._asked = asked
        _, keep, locked, step = asked
        made = tuning.scheme, tuning.case.table
        self.send({"kind": "proving"})
        quick: dict[str, Callable[[], Any]] = {
            "safe": partial(proofs.intervals_shown, *made, keep, locked, step),
            "flips": partial(proofs.flips_shown, *made),
        }
        if len(tuning.case.table.units) > MARGINS:
            quick["margins"] = partial(proofs.margins_shown, *made)
        self.quick.ask(asked, quick)
        self.slow.ask(asked, {"tolerance": partial(proofs.tolerances_shown, *made)})

    def _proven(self, asked: Asked, name: str, found: Any, error: Text | None) -> None:
        """Show a proof, unless something else was asked by now."""
        if asked != self._asked:
            return
        language = self.tuning.language
        if error is not None:
            self.send({"kind": "proof", "name": name, "failed": error.of(language)})
            return
        if name == "flips":
            found = [flip_said(self.tuning, flip).of(language) for flip in found]
        elif name == "tolerance":
            found = [tolerance_said(**each).of(language) for each in found]
        self.send({"kind": "proof", "name": name, "found": found})


class Background:
    """A process that works out the latest questions of one panel; those of an earlier choice that
    have not begun are dropped. All panels of a kernel share the processes.

    Parameters
    ----------
    name : of the process
    tell : called with what was asked, the name of a task, and what was found or why nothing was
    rest : seconds without another question until it begins
    """

    workers: ClassVar[dict[str, Executor]] = {}

    def __init__(
        self, name: str, tell: Callable[[Asked, str, Any, Text | None], None], rest: float = 0.0
    ):
        self._name, self._tell, self._rest = name, tell, rest
        self._open: list[Future[Any]] = []
        self._waiting: asyncio.TimerHandle | None = None

    def ask(self, asked: Asked, tasks: Mapping[str, Callable[[], Any]]) -> None:
        """Work these out, one after the other, and tell each."""
        for future in self._open:
            future.cancel()
        if self._waiting is not None:
            self._waiting.cancel()
        loop = _loop()
        if loop is None or not self._rest:
            self._begin(loop, asked, tasks)
        else:
            self._waiting = loop.call_later(self._rest, self._begin, loop, asked, tasks)

    def _begin(
        self,
        loop: asyncio.AbstractEventLoop | None,
        asked: Asked,
        tasks: Mapping[str, Callable[[], Any]],
    ) -> None:
        self._open = []
        for name, task in tasks.items():
            future = self._submitted(task)
            future.add_done_callback(partial(self._hand_over, loop, asked, name))
            self._open.append(future)

    def _submitted(self, task: Callable[[], Any]) -> Future[Any]:
        """A task on its way; where the process has died meanwhile, to another one."""
        workers = self.workers.get(self._name)
        if workers is not None:
            try:
                return workers.submit(task)
            except BrokenExecutor:
                del self.workers[self._name]
        self.workers[self._name] = background()
        return self.workers[self._name].submit(task)

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop | None, asked: Asked, name: str, future: Future[Any]
    ) -> None:
        """From the thread that waits for the process to the kernel's own."""
        if future.cancelled():
            return
        arrived = partial(self._arrived, asked, name, future)
        if loop is None:
            arrived()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(arrived)

    def _arrived(self, asked: Asked, name: str, future: Future[Any]) -> None:
        error = future.exception()
        if error is None:
            self._tell(asked, name, future.result(), None)
        elif isinstance(error, InputError):
            self._tell(asked, name, None, error.complaints[0].text)
        else:  # out of memory, killed: whatever it was, nobody waits for ever
            LOG.warning("background work %s failed", name, exc_info=error)
            text = Text(
                "后台测算中断，下次调整时重试", "the work stopped; the next move tries again"
            )
            self._tell(asked, name, None, text)


def _loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs this code; None where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


# What the browser may ask


def _number(content: Content, key: str) -> float:
    """A number as the browser sends it; NaN, which the session refuses, for anything else."""
    value: Any = content.get(key)
    if type(value) not in (int, float) or abs(value) > MANY:
        return math.nan
    return float(value)


def _text(content: Content, key: str) -> str:
    return str(content.get(key, "")).strip()


def _trial(content: Content, key: str) -> int:
    """The number of a trial; -1, which none has, for anything else."""
    number = _number(content, key)
    return int(number) if number >= 0 else -1


def _quota(content: Content) -> Any:
    """A quota as it is typed: nothing for none, a whole number of places, a share as .3 or 30%."""
    typed = _text(content, "to")
    if not typed:
        return None
    number = number_meant(typed)
    is_share = number is not None and (number < 1 or typed.endswith(("%", "％")))
    if number is None or not (0 < number < 1 if is_share else number == int(number)):
        want = Text(
            "家数（如 4）或低于100%的比例（如 30%），不限则留空",
            "a number of units (4) or a share below 100% (30%), or nothing for no limit",
        )
        raise InputError(unexpected(typed, want, Text("名额", "the quota")))
    return number


def _lock(tuning: Tuning, content: Content) -> None:
    act = tuning.lock if content.get("on") else tuning.unlock
    act(_text(content, "node"))


def _compare(tuning: Tuning, content: Content) -> Message:
    trials = _trial(content, "first"), _trial(content, "second")
    return {"kind": "compared", "trials": list(trials), "rows": compared(tuning, *trials)}


def _write(tuning: Tuning, _content: Content) -> Message:
    lines = yaml_of(tuning.changes).splitlines() if tuning.changes else []
    text = "\n".join(["changes:", *(f"  {line}" for line in lines)]) if lines else "changes: {}"
    return {"kind": "changes", "text": text}


def _save(tuning: Tuning, content: Content) -> Message:
    path = tuning.save(_text(content, "name"))
    said = say(zh="已存为 {path}", en="saved as {path}", path=path)
    return {"kind": "saved", "text": said.of(tuning.language)}


@dataclass(frozen=True)
class Action:
    """What is done when the browser asks for it, which may give a message to send; then, where the
    move has ended, lists and proofs are sent too, or the proofs alone."""

    act: Callable[[Tuning, Content], Any]
    then: Literal["", "lists", "proofs"] = ""


ACTIONS: Mapping[str, Action] = {
    "hello": Action(lambda tuning, content: tuning.release(), "lists"),
    "rest": Action(lambda tuning, content: None),
    "view": Action(lambda tuning, content: None),
    "drag": Action(lambda tuning, c: tuning.drag(_text(c, "node"), _number(c, "to"))),
    "line": Action(lambda tuning, c: tuning.drag_cutoff(_text(c, "grade"), _number(c, "to"))),
    "release": Action(lambda tuning, c: tuning.release(), "lists"),
    "quota": Action(lambda tuning, c: tuning.quota(_text(c, "grade"), _quota(c)), "lists"),
    "undo": Action(lambda tuning, c: tuning.undo(), "lists"),
    "redo": Action(lambda tuning, c: tuning.redo(), "lists"),
    "reset": Action(lambda tuning, c: tuning.reset(), "lists"),
    "go": Action(lambda tuning, c: tuning.go_to(_trial(c, "trial")), "lists"),
    "names": Action(lambda tuning, c: tuning.show_names(bool(c.get("on"))), "lists"),
    "lock": Action(_lock, "proofs"),
    "keep": Action(lambda tuning, c: tuning.share_with(_text(c, "to")), "proofs"),
    "step": Action(lambda tuning, c: tuning.in_steps_of(_number(c, "to")), "proofs"),
    "compare": Action(_compare),
    "changes": Action(_write),
    "save": Action(_save),
}


# What the browser is told


def setup_of(tuning: Tuning) -> dict[str, Any]:
    """What never changes: the tree, the grades, the written assessment, the words."""
    scheme, language = tuning.written.scheme, tuning.language
    before = tuning.written.assessed(tuning.written.choice)
    parents = {child.id: node.id for node in scheme.nodes for child in node.children}
    level: dict[str, int] = {}
    nodes = []
    for node in scheme.nodes:
        parent = parents.get(node.id)
        level[node.id] = 0 if parent is None else level[parent] + 1
        nodes.append(
            {
                "id": node.id,
                "name": node.name.of(language),
                "level": level[node.id],
                "parent": parent,
                "leaf": node.is_leaf,
                "written": node.full_points,
            }
        )
    grades = [
        {
            "id": grade.id,
            "label": grade.label.of(language),
            "short": tuning.short[grade.id].of(language),
            "classes": [f"{group} {x:g}" for group, x in grade.class_cutoffs.items()],
            "lined": grade.has_line,
            "placed": grade.by != "breaks",
            "how": BY[grade.by].of(language),
        }
        for grade in scheme.grades
    ]
    return {
        "language": language,
        "words": {key: text.of(language) for key, text in WORDS.items()},
        "synthetic": SYNTHETIC.of(language) if scheme.synthetic else "",
        "nodes": nodes,
        "grades": grades,
        "steps": list(STEPS),
        "modes": [SIBLINGS, ALL],
        "total": scheme.total,
        "band": tuning.band,
        "written": {**_units(before), "texts": _scores_said(before)},
        "own": _own_cutoffs(tuning),
    }


def _units(result: Any) -> dict[str, Any]:
    """Scores, ranks and grades (0 the best) of all units."""
    codes = result.grades.cat.codes.to_numpy()
    return {
        "scores": result.scores.tolist(),
        "ranks": result.ranks.tolist(),
        "grades": (len(result.scheme.grades) - 1 - codes).tolist(),
    }


def _own_cutoffs(tuning: Tuning) -> list[list[float]]:
    """Unit and cutoff where a class has a cutoff of its own."""
    scheme, table = tuning.written.scheme, tuning.written.table
    if "class" not in table.covariates:
        return []
    return [
        [k, grade.class_cutoffs[group]]
        for k, group in enumerate(table.covariates["class"])
        for grade in scheme.grades[:-1]
        if group in grade.class_cutoffs
    ]


def state_of(tuning: Tuning, view: str, resting: bool) -> dict[str, Any]:
    """What is chosen now, and what it does."""
    result, choice = tuning.result, tuning.choice
    before = tuning.written.assessed(tuning.written.choice)
    state: dict[str, Any] = {
        "points": tuning.points["now"].to_dict(),
        "locked": sorted(tuning.locked),
        "keep": tuning.keep,
        "step": tuning.step,
        "cutoffs": [None if x is None else float(from_ticks(x)) for x in choice.cutoffs],
        "quotas": list(choice.quotas),
        "units": _units(result),
        "held": _held(result),
        "counts": [_counted(r) for r in (before, result)],
        "status": tuning.status.of(tuning.language),
        "undo": tuning.can_undo,
        "redo": tuning.can_redo,
        "names": tuning.names,
    }
    texts = {"scores": _scores_said(result)}
    if len(result.scores) <= MARGINS:
        texts["margins"] = proofs.margins_said(result)
    if resting:
        low, high = proofs.ranges(result, tuning.band)
        state["ranges"] = [low, high]
        texts["ranges"] = [
            f"{rounded_towards(least, '.2f', '↓')}–{rounded_towards(most, '.2f', '↑')}"
            for least, most in zip(low, high, strict=True)
        ]
    state["texts"] = texts
    if view == "parts":
        state["parts"] = _parts(tuning)
    return state


def _scores_said(result: Any) -> list[str]:
    """Scores with two decimals, as the memo prints them; with more where two would show a score at
    a cutoff that it does not reach."""
    cutoffs = from_ticks(result.engine.cutoffs)
    return [
        next(text for text in _printed(score) if _is_true(text, score, limits))
        for score, limits in zip(result.scores.tolist(), cutoffs.tolist(), strict=True)
    ]


def _printed(score: float) -> Iterator[str]:
    yield from (in_print(score, f".{decimals}f") for decimals in (2, 3, 4, 6, 8, 10))
    yield repr(score)


def _is_true(text: str, score: float, cutoffs: Sequence[float]) -> bool:
    shown = float(text.replace("−", "-"))
    return all((shown >= cutoff) == (score >= cutoff) for cutoff in cutoffs)


def _counted(result: Any) -> list[int]:
    """Units in each grade, best first."""
    tally = result.grades.value_counts()
    return [int(tally[grade.id]) for grade in result.scheme.grades]


def _held(result: Any) -> list[str]:
    """What made a unit's grade worse than its score: "quota", "last", "veto", or "" for nothing."""
    return ["" if by == "score" else by.partition(":")[0] for by in result.steps["set_by"].tolist()]


def _parts(tuning: Tuning) -> dict[str, Any]:
    """What the top indicators bring each unit, points shared out for blanks included, so that the
    parts make its base score; of many, those with the most points and the rest."""
    result, language = tuning.result, tuning.language
    tops = result.scheme.indicators
    while len(tops) == 1 and tops[0].children:
        tops = tops[0].children
    most = sorted(tops, key=lambda node: -node.full_points)[:PARTS]
    shown = [(node.name.of(language), [node]) for node in tops if node in most]
    others = [node for node in tops if node not in most]
    groups = shown + ([(Text("其他", "others").of(language), others)] if others else [])
    names = [name for name, _ in groups]
    values = [
        result.contributions[[leaf.id for node in nodes for leaf in node.walk() if leaf.is_leaf]]
        .sum(axis=1)
        .tolist()
        for _, nodes in groups
    ]
    return {"names": names, "values": values}


def lists_of(tuning: Tuning) -> dict[str, Any]:
    """Names of units and the trials."""
    language = tuning.language
    return {
        "labels": [label.of(language) for label in tuning.labels.values()],
        "trials": [
            {
                "number": trial.number,
                "time": trial.time.strftime("%H:%M"),
                "moved": trial.moved.of(language),
                "effect": tuning.effect(trial.changed, 4).of(language),
                "changed": len(trial.changed),
                "now": trial.choice == tuning.choice,
            }
            for trial in tuning.tried
        ],
        "at_written": tuning.choice == tuning.written.choice,
    }


def compared(tuning: Tuning, first: int, second: int) -> list[list[str]]:
    """In what two trials differ, as people read it: kind, name, one, other."""
    scheme, language = tuning.written.scheme, tuning.language
    names = {node.id: node.name for node in scheme.nodes}
    grades = {grade.id: grade.label for grade in scheme.grades}
    kinds = {
        "points": (WORDS["points"], names),
        "cutoff": (WORDS["cutoff"], grades),
        "quota": (WORDS["quota"], grades),
        "grade": (WORDS["grade"], tuning.labels),
        "rank": (WORDS["rank"], tuning.labels),
    }

    place = {unit: i for i, unit in enumerate(tuning.shown_order)}
    order = {"grade": 0, "points": 1, "cutoff": 2, "quota": 3, "rank": 4}

    def shown(kind: str, value: Any) -> str:
        if kind == "grade":
            return grades[value].of(language)
        if kind == "quota":
            return quota_said(value).of(language)
        return f"{value:.10g}"

    table = tuning.compare(first, second)
    rows = list(table.itertuples(index=False, name=None))
    rows.sort(key=lambda row: (order[row[0]], place.get(row[1], 0)))  # others stay as they stand

    return [
        [
            kinds[kind][0].of(language),
            kinds[kind][1][id].of(language),
            shown(kind, one),
            shown(kind, other),
        ]
        for kind, id, one, other in rows
    ]


def flip_said(tuning: Tuning, flip: Mapping[str, Any]) -> Text:
    """One of the nearest flips in a sentence."""
    sure = flip["status"] == "exact"
    return say(
        zh="{effect}：移动{points}分（{sure}），{recipe}",
        en="{effect}: {points} points moved ({sure}), {recipe}",
        effect=tuning.effect([(flip["unit"], flip["old"], flip["towards"])]),
        points=rounded_towards(flip["points"], ".4f", "↑"),
        sure=WORDS["exact"] if sure else WORDS["at_most"],
        recipe=flip["recipe"],
    )


def tolerance_said(tolerance: float | None, status: str) -> Text:
    """A tolerance, rounded down as every proven one is."""
    if tolerance is None:
        return WORDS["none_kept"]
    share = f"±{rounded_towards(tolerance, '.1%', '↓')}"
    if status == "exact":
        return same(share)
    return say(zh="至少{share}", en="at least {share}", share=share)

"""The record of trials, as runs add to it and as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text as Line

from qtoolkit.assessment import assess
from qtoolkit.errors import InputError, WorkError
from qtoolkit.inputs.locate import find_case
from qtoolkit.inputs.parameters import read_parameters
from qtoolkit.language import Text, say
from qtoolkit.runs.plan import Plan
from qtoolkit.trials import (
    BY_HAND,
    BY_RUN,
    COLUMNS,
    NAME,
    NO_PLACE,
    Trial,
    append,
    moved_by,
    now,
    place_of,
    reason,
    row_of,
)


def note(plan: Plan) -> Text | None:
    """Add a run with changes to the record beside the case's data; None, or why it is not on
    it."""
    if not plan.parameters.changes:
        return None
    path, why = place_of(plan.case.files["data"]), NO_PLACE
    if path is not None:
        try:
            append(path, _row(plan), plan.parameters.language)
        except (InputError, WorkError) as error:
            why = reason(error)
        else:
            return None
    return say(
        zh="本次运行没有记入试算记录：{why}",
        en="this run is not on the record of trials: {why}",
        why=why,
    )


def _row(plan: Plan) -> dict[str, str]:
    """A run with changes as a row of the record. The written scheme is assessed on the data that
    the run has read, not on what stands in the file by now."""
    case, changes = plan.case, plan.parameters.changes
    trial = Trial(
        how=BY_RUN,
        time=now(),
        moved=moved_by(case.written, case.scheme, changes),
        changes=changes,
        before=assess(case.written, case.table).grades,
        after=plan.result.grades,
        names=True,
    )
    units = dict(zip(case.table.units, case.table.labels, strict=True))
    return row_of(trial, case.scheme, units, plan.parameters.language)


def record_of(case: str) -> tuple[Path, str]:
    """The file with the trials of a case, whether it is there or not, and the case's language.

    Raises
    ------
    InputError
        There is no such case, or its params.yaml cannot be read.
    """
    path = find_case(case)
    path = path / "params.yaml" if path.is_dir() else path
    parameters = read_parameters(path)
    return (path.parent / parameters.data).parent / NAME, parameters.language


def no_record(path: Path) -> Text:
    """Where a record would be, and what writes it."""
    if place_of(path) is None:
        return NO_PLACE
    return say(
        zh="还没有试算记录：在调整面板中每次松手，或用 qtoolkit run 带着改动（--set 或 params.yaml "
        "的 changes）运行一次，都会在 {path} 中记一行",
        en="there is no record of trials yet: each move in the tuning panel, and each qtoolkit run "
        "with changes (--set, or changes in params.yaml), adds a row to {path}",
        path=path,
    )


def printed(path: Path, trials: pd.DataFrame, language: str, width: int | None) -> Iterator[str]:
    """The record line by line, the oldest trial first, each line within `width` columns of a
    terminal, of which a Chinese character takes two; as long as they are where there is no
    width."""
    heading = say(zh="{path}：试算{n}次", en="{path}: {n:trial|trials}", path=path, n=len(trials))
    yield from _within(heading.of(language), width, "")
    for number, row in enumerate(trials.itertuples(), 1):
        first, *rest = _said(row)
        yield ""
        yield from _within(f"{number}. {first.of(language)}", width, "")
        for text in rest:
            yield from _within(text.of(language), width, "   ")


def _said(row: object) -> Iterator[Text]:
    """One trial in sentences: when and how, what was moved, what that did."""
    time, how, scheme, moved, effect, changed, counts, names = (
        getattr(row, name) for name in COLUMNS if name != "changes"
    )
    way = next((way for way in (BY_HAND, BY_RUN) if how in (way.zh, way.en)), how)
    hidden = Text("", "") if names else Text("，名称未显示", ", without names")
    yield say(
        zh="{time} {way}（{scheme}{hidden}）",
        en="{time} {way} ({scheme}{hidden})",
        time=time.replace("T", " ", 1),
        way=way,
        scheme=scheme,
        hidden=hidden,
    )
    yield say(zh="调整：{moved}", en="Moved: {moved}", moved=moved)
    if changed:
        yield say(
            zh="等级改变{n}家：{effect}",
            en="{n:grade changes|grades change}: {effect}",
            n=changed,
            effect=effect,
        )
    else:
        yield Text("等级没有变化", "No grade changes")
    yield say(zh="各等级家数：{counts}", en="Units in each grade: {counts}", counts=counts)


def _within(text: str, width: int | None, indent: str) -> Iterator[str]:
    """A text as lines within a width, all after the indent."""
    text = " ".join(text.split())
    if width is None:
        yield indent + text
        return
    console = Console(width=width)
    for line in Line(text).wrap(console, max(width - len(indent), 2), overflow="fold"):
        yield indent + line.plain.rstrip()

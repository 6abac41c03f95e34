"""Flags as a memo prints them: each as it stands, or one row for all of a kind where an assessment
has one for each indicator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.flags import beyond, blanks, relative
from qtoolkit.inputs.checks import CHECKS
from qtoolkit.inputs.statuses import STATUS_NAMES
from qtoolkit.language import Text, same
from qtoolkit.report.wording import MANY, SOME

TELLING = 3  # of many flags of a kind, those that a risk tells
LONG = 1_000  # characters of a flag that stands as it is

Row = dict[str, Any]


def rows(result: Assessment, kinds: Iterable[str]) -> list[Row]:
    """The flags of these kinds in the order in which they are raised, as rows of the phrase
    `flag`."""
    raised = result.flags[result.flags.kind.isin(list(kinds))]
    found: list[Row] = []
    for kind, group in raised.groupby("kind", sort=False):
        together = TOGETHER.get(kind)
        alone = together is None or (len(group) == 1 and not _is_long(group["text"].iloc[0]))
        found += few(group["text"]) if alone else together(result, list(group["indicator"]))
    return found


def by_kind(result: Assessment, kinds: Iterable[str]) -> list[Row]:
    """Likewise, and one sentence for each other kind of which there are several: the row has the
    kind and the texts, without their full stops. All doubts about data are one kind."""
    raised = result.flags[result.flags.kind.isin(list(kinds))]
    found: list[Row] = []
    for kind, group in raised.groupby(raised["kind"].map(_risk_of), sort=False):
        if kind in TOGETHER or len(group) == 1:
            found += rows(result, set(group["kind"]))
        else:
            texts = [Text(text.zh.rstrip("。"), text.en.rstrip(".")) for text in group["text"]]
            row = {"flag": "kind", "kind": kind, "n": len(texts), "texts": texts[:TELLING]}
            found.append(row)
    return found


def _risk_of(kind: str) -> str:
    return "doubt" if kind in CHECKS else kind


def alone(text: Text) -> Row:
    """A flag, or a note of the scheme, as it stands."""
    return {"flag": "alone", "text": text}


def few(texts: Iterable[Text]) -> list[Row]:
    """Flags as they stand; of too many the first few, and how many more there are.

    >>> len(few([same("x")] * 40)), few([same("x")] * 50)[-1]
    (40, {'flag': 'more', 'n': 42})
    """
    texts = list(texts)
    if len(texts) <= MANY:
        return list(map(alone, texts))
    return [*map(alone, texts[:SOME]), {"flag": "more", "n": len(texts) - SOME}]


def table(result: Assessment) -> pd.DataFrame:
    """All flags; who is not assessed, and what is no indicator, by name."""
    leaves = {leaf.id for leaf in result.scheme.leaves}
    flags = result.flags
    return pd.DataFrame(
        {
            "kind": flags["kind"],
            "unit": [_known(unit, result.labels) for unit in flags["unit"]],
            "leaf": [_known(leaf, leaves) for leaf in flags["indicator"]],
            "text": flags["text"],
        }
    )


def _known(id: Any, known: Collection[str]) -> Any:
    return same(id) if isinstance(id, str) and id not in known else id


def are_too_many(result: Assessment) -> bool:
    """Whether sentences cannot name all that is flagged."""
    texts = result.flags["text"]
    return len(texts) > MANY or any(map(_is_long, texts))


def _is_long(text: Text) -> bool:
    return len(text.zh) > LONG


def _constant(result: Assessment, leaves: list[str]) -> list[Row]:
    found = [
        {
            "leaf": leaf.id,
            "points": leaf.points,
            "share": float(result.matrix[leaf.id].dropna().iloc[0]),
        }
        for leaf in map(result.scheme.indicator, leaves)
    ]
    return [{"flag": "constant", "leaves": found}]


def _relative(result: Assessment, leaves: list[str]) -> list[Row]:
    means = relative(result)
    return [
        {"flag": "relative", "mean": mean, "leaves": affected}
        for mean in (True, False)
        if (affected := [id for id in leaves if means[id] == mean])
    ]


def _blank(result: Assessment, leaves: list[str]) -> list[Row]:
    found: dict[tuple[str, str], list[Row]] = {}
    for leaf, meaning, treatment, units in blanks(result):
        row = {"leaf": leaf.id, "units": [result.table.units[k] for k in units]}
        found.setdefault((STATUS_NAMES[meaning], treatment), []).append(row)
    return [
        {"flag": "blank", "meaning": meaning, "treatment": treatment, "leaves": those}
        for (meaning, treatment), those in found.items()
    ]


def _capped(result: Assessment, leaves: list[str]) -> list[Row]:
    found = [
        {
            "leaf": leaf.id,
            "low": ends[0],
            "high": ends[1],
            "units": [result.table.units[k] for k in units],
        }
        for leaf, ends, units in beyond(result)
    ]
    return [{"flag": "capped", "leaves": found}]


TOGETHER: dict[str, Callable[[Assessment, list[str]], list[Row]]] = {
    "constant": _constant,
    "set_dependent": _relative,
    "blank": _blank,
    "capped": _capped,
}

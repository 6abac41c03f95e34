"""What units filed and what verification found, cell by cell, as shares of full marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import shares_of
from qtoolkit.display import Shown
from qtoolkit.errors import InputError, clip, nearest
from qtoolkit.inputs.statuses import FALSIFIED, VALUE, ZERO
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, listing, say

ROUND_OFF = 1e-9


@dataclass(frozen=True, repr=False)
class Compared(Shown):
    """Shares of full marks (units × indicators): `own` as filed, `verified` as found, NaN where
    there is none; `left_out` are the indicators that were verified and cannot be compared, since
    their marks depend on the other units."""

    card_title: ClassVar[Text] = Text("核查前后的得分率", "Shares before and after verification")
    card_table: ClassVar[str] = "inflation"
    card_more: ClassVar[tuple[str, ...]] = ("own", "verified")

    own: pd.DataFrame
    verified: pd.DataFrame
    left_out: tuple[str, ...] = ()

    @property
    def inflation(self) -> pd.DataFrame:
        """own − verified; NaN where either is missing."""
        return self.own - self.verified

    def long(self) -> pd.DataFrame:
        """A row each verified cell: unit, item, own, verified, inflation, in the order of units."""
        gone = self.inflation
        k, j = np.nonzero(gone.notna().to_numpy())
        return pd.DataFrame(
            {
                "unit": self.own.index[k],
                "item": self.own.columns[j],
                "own": self.own.to_numpy()[k, j],
                "verified": self.verified.to_numpy()[k, j],
                "inflation": gone.to_numpy()[k, j],
            }
        )


def verified_units(result: Assessment) -> list[str]:
    """The units of an assessment of which a stage that replaces or corrects said anything that can
    be compared with what was filed, in the order of the table.

    >>> import qtoolkit as qt
    >>> len(verified_units(qt.open("city-2026")[1]))
    7
    """
    seen = _of_table(result).inflation.notna().any(axis=1)
    return list(seen.index[seen])


def compared(own: Assessment | pd.DataFrame, verified: pd.DataFrame | None = None) -> Compared:
    """What was filed beside what was found.

    Parameters
    ----------
    own : Assessment or DataFrame
        An assessment whose table has a stage that replaces or corrects values (实地核查): its cells
        are compared before and after. With `verified` an assessment of what was filed, or its
        shares of full marks (units × indicators).
    verified : DataFrame, optional
        Shares of full marks found (units × indicators), blank where nothing was verified.

    Raises
    ------
    InputError
        Where nothing was verified; units or indicators of `verified` that `own` lacks; numbers
        outside [0, 1].
    """
    if verified is None:
        if not isinstance(own, Assessment):
            raise InputError(
                Text("没有核查后的得分率（verified）", "no shares found on verification (verified)")
            )
        found = _of_table(own)
    else:
        found = _of_frames(own, verified)
    if not found.inflation.notna().to_numpy().any():
        raise InputError(
            Text(
                "没有一处既有自评又有核查结果，不能比较",
                "no cell has both a filed and a verified value: nothing to compare",
            )
        )
    return found


def _of_table(result: Assessment) -> Compared:
    """Cells before and after the stages that replace or correct values."""
    table, scheme = result.table, result.scheme
    later = [table.stages[stage.id] for stage in scheme.stages if stage.effect != "part"]
    said = np.zeros(table.raw.shape, bool)
    for stage in later:
        said |= np.array([[cell is not None for cell in row] for row in stage]).reshape(said.shape)
    filed = np.array([[cell is not None for cell in row] for row in table.filed])
    nothing = np.isin(table.status, (ZERO, FALSIFIED)) & filed.reshape(said.shape)
    own, verified = np.full(said.shape, np.nan), np.full(said.shape, np.nan)
    left_out = []
    for j, leaf in enumerate(scheme.leaves):
        if not is_comparable(result, j):
            if (said | nothing)[:, j].any():
                left_out.append(leaf.id)
            continue
        own[:, j] = shares_of(leaf, table, j, table.filed[:, j])
        after = np.where(nothing[:, j], 0.0, shares_of(leaf, table, j, table.raw[:, j]))
        verified[:, j] = np.where(said[:, j] | nothing[:, j], after, np.nan)
    index, ids = result.scores.index, result.points.index
    return Compared(
        pd.DataFrame(own, index, ids), pd.DataFrame(verified, index, ids), tuple(left_out)
    )


def is_comparable(result: Assessment, j: int) -> bool:
    """Whether a share of the j-th leaf depends on the unit's own value alone."""
    leaf = result.scheme.leaves[j]
    return not leaf.leaf_rule.is_set_dependent and leaf.outliers is None and leaf.full_points > 0


def _of_frames(own: Assessment | pd.DataFrame, verified: pd.DataFrame) -> Compared:
    """Shares given as tables; of an assessment, where a unit has a value."""
    if isinstance(own, Assessment):
        filed = own.matrix.where(own.table.status == VALUE)
    else:
        filed = _shares(own, "own")
    found = _shares(verified, "verified")
    names = [unit_of(label, filed.index) or label for label in found.index]
    for kind, given, known in (
        (Text("考核对象", "unit"), names, filed.index),
        (Text("指标", "indicator"), list(found.columns), filed.columns),
    ):
        for name in given:
            if name not in known:
                raise InputError(
                    say(
                        zh="verified 中的{kind}“{name}”不在自评数据中{hint}",
                        en="verified: the {kind} “{name}” is not among what was filed{hint}",
                        kind=kind,
                        name=clip(name),
                        hint=nearest(str(name), known),
                    )
                )
    _refuse_repeated("verified", names)
    found = found.set_axis(names).reindex(index=filed.index, columns=filed.columns)
    return Compared(filed, found)


def _shares(frame: Any, name: str) -> pd.DataFrame:
    """A table of shares of full marks, checked."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            say(
                zh="{name} 应为得分率表（考核对象×指标），现为 {found}",
                en="{name} must be a table of shares of full marks (units × indicators), found "
                "{found}",
                name=name,
                found=type(frame).__name__,
            )
        )
    for labels in (frame.index, frame.columns):
        _refuse_repeated(name, labels)
    numbers = frame.apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = (numbers.isna() & frame.notna()) | (numbers < -ROUND_OFF) | (numbers > 1 + ROUND_OFF)
    for k, j in np.argwhere(wrong.to_numpy()):
        raise InputError(
            say(
                zh="{name} 中“{unit}”的“{item}”为“{found}”，应为0至1之间的得分率",
                en="{name}: “{item}” of “{unit}” is “{found}”, expected a share from 0 to 1",
                name=name,
                unit=clip(frame.index[k]),
                item=clip(frame.columns[j]),
                found=clip(frame.iat[k, j]),
            )
        )
    return numbers.clip(0, 1)


def _refuse_repeated(name: str, labels: Any) -> None:
    """Refuse units or indicators that stand twice in a table."""
    twice = pd.Index(labels)[pd.Index(labels).duplicated()]
    if len(twice):
        raise InputError(
            say(
                zh="{name} 中重复出现：{names}",
                en="{name}: more than once: {names}",
                name=name,
                names=listing([clip(one) for one in twice], most=5),
            )
        )

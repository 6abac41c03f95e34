"""What every weighting method returns, and what all that work on data check first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.display import Shown
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, listing, say


@dataclass(frozen=True, repr=False)
class Weights(Shown):
    """Weights and how they came about.

    Attributes
    ----------
    weights : Series, indexed by indicator
        Nonnegative, sum 1.
    notes : tuple of Text
        What the reader must know: constant columns, units left out, judgements that contradict one
        another.
    detail : mapping
        What the method computed on the way; see each method.
    """

    card_title: ClassVar[Text] = Text("权重", "Weights")
    card_table: ClassVar[str] = "weights"

    weights: pd.Series
    notes: tuple[Text, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The largest first."""
        return frame.iloc[in_order(frame.iloc[:, 0].to_numpy())]


def made(values: np.ndarray, index: Any, notes: Sequence[Text] = (), **detail: Any) -> Weights:
    """Weights from nonnegative values, scaled to sum 1."""
    weights = pd.Series(np.asarray(values, float) / np.sum(values), index=index, name="weight")
    return Weights(weights, tuple(notes), detail)


def series_of(given: Any) -> pd.Series:
    """Numbers by indicator: weights, a Series or a mapping.

    Raises
    ------
    InputError
        Something else, names that occur twice, or values that are no finite numbers.
    """
    found = given.weights if isinstance(given, Weights) else given
    if not isinstance(found, pd.Series | Mapping):
        raise InputError(say(zh="应为按指标的数值", en="expected numbers by indicator"))
    found = pd.Series(found, dtype=object)
    numbers = pd.to_numeric(found, errors="coerce").astype(float)
    for name in found.index[found.index.duplicated() | numbers.isna() | np.isinf(numbers)]:
        raise InputError(
            Complaint(
                say(zh="应为一个有限的数，且不重名", en="expected one finite number"),
                column=str(name),
            )
        )
    return numbers


def indicators_of(x: pd.DataFrame, least: int = 2) -> tuple[pd.DataFrame, list[Text]]:
    """A table of units × indicators as floats, without units that lack a value, and what was done.

    Raises
    ------
    InputError
        Columns that are no numbers, names that occur twice, or fewer than `least` units with all
        values.
    """
    if not isinstance(x, pd.DataFrame) or x.shape[1] == 0:
        raise InputError(
            say(zh="应为考核对象×指标的表", en="expected a table of units × indicators")
        )
    for name in x.columns[x.columns.duplicated()]:
        raise InputError(
            Complaint(say(zh="指标重名", en="this name occurs twice"), column=str(name))
        )
    numbers = x.apply(pd.to_numeric, errors="coerce")
    for name in x.columns[(numbers.isna() & x.notna()).any() | np.isinf(numbers).any()]:
        raise InputError(
            Complaint(say(zh="应为有限的数", en="expected finite numbers"), column=str(name))
        )
    whole = numbers.dropna()
    notes = []
    if len(whole) < len(numbers):
        left = numbers.index.difference(whole.index, sort=False)
        text = say(
            zh="有缺项的{n}家未参加赋权：{units}。",
            en="{n:unit|units} with gaps left out: {units}.",
            n=len(left),
            units=listing(left, 8),
        )
        notes.append(text)
    if len(whole) < least:
        raise InputError(
            say(
                zh="数据齐全的考核对象只有{n}家，至少需要{least}家",
                en="only {n:unit|units} with all values, at least {least} are needed",
                n=len(whole),
                least=least,
            )
        )
    return whole.astype(float), notes


def moving(x: pd.DataFrame, notes: list[Text]) -> np.ndarray:
    """Which columns vary, (d,); those that do not are noted.

    Raises
    ------
    InputError
        None varies.
    """
    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    varies = ((x.max(axis=0) - x.min(axis=0)) > 1e-12 * scale).to_numpy()
    if not varies.any():
        raise InputError(
            say(
                zh="没有一项指标有差异，无法由数据赋权",
                en="no indicator varies: data give no weights",
            )
        )
    if not varies.all():
        still = listing(x.columns[~varies])
        notes.append(
            say(
                zh="{names}各家数值相同，权重为0。",
                en="The same for all units, so of weight 0: {names}.",
                names=still,
            )
        )
    return varies


def scaled(x: pd.DataFrame, costs: Sequence[str] = ()) -> pd.DataFrame:
    """Min–max in [0, 1], turned round for indicators of which less is better; constant columns are
    0."""
    for name in costs:
        if name not in x.columns:
            raise InputError(
                Complaint(say(zh="没有这项指标", en="no such indicator"), column=str(name))
            )
    low, high = x.min(), x.max()
    shares = (x - low) / (high - low).where(high > low, 1.0)
    return shares.assign(**{name: 1 - shares[name] for name in costs})

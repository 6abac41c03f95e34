"""Weights put together, and weights as whole points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from qtoolkit.display import Shown
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, say
from qtoolkit.weighting.weights import Weights, made, series_of

METHODS = ("additive", "product", "game", "entropy")


def combine(
    subjective: Weights | pd.Series,
    objective: Weights | pd.Series,
    how: str = "additive",
    theta: float = 0.5,
) -> Weights:
    """组合赋权 of two sets of weights, aligned by name.

    "additive": θ w_s + (1 − θ) w_o. "product": ∝ w_s w_o. "entropy": ∝ √(w_s w_o), the least
    relative entropy to both. "game" (博弈论组合): α_s w_s + α_o w_o with Σ_k α_k w_i·w_k = w_i·w_i,
    scaled to sum 1; `detail`: alpha.

    Raises
    ------
    InputError
        Different indicators, a θ that is no share, products that are all 0, or game coefficients of
        different signs.

    >>> combine(
    ...     pd.Series({"a": 0.5, "b": 0.5}), pd.Series({"b": 0.2, "a": 0.8}), "product"
    ... ).weights.round(2).tolist()
    [0.8, 0.2]
    """
    s, o = series_of(subjective), series_of(objective)
    for name, given in (("subjective", s), ("objective", o)):
        if (
            set(given.index) != set(s.index)
            or not (given >= 0).all()
            or abs(given.sum() - 1) > 1e-6
        ):
            raise InputError(
                say(
                    zh="{name} 应为相同指标的非负权重，合计为1",
                    en="{name} must be nonnegative weights of the same indicators that sum to 1",
                    name=name,
                )
            )
    o = o[s.index]
    if how not in METHODS or not 0 <= theta <= 1:
        raise InputError(
            say(
                zh="how 应为 additive、product、game 或 entropy，theta 在0与1之间",
                en="how must be additive, product, game or entropy, and theta lie between 0 and 1",
            )
        )
    if how == "game":
        w = np.stack([s, o])
        gram = w @ w.T
        alpha = np.linalg.lstsq(gram, np.diag(gram), rcond=None)[0]
        if (alpha < 0).any():
            raise InputError(
                say(
                    zh="博弈论组合的系数有正有负，不能组合",
                    en="the coefficients of the game are of different signs: the weights cannot be "
                    "combined so",
                )
            )
        return made(alpha @ w, s.index, alpha=alpha / alpha.sum())
    values = {"additive": theta * s + (1 - theta) * o, "product": s * o, "entropy": np.sqrt(s * o)}[
        how
    ]
    if values.sum() <= 0:
        raise InputError(
            say(
                zh="没有一项指标在两组权重中都大于0",
                en="no indicator has a positive weight in both",
            )
        )
    lost = values.index[(values == 0) & ((s > 0) | (o > 0))]
    notes = [
        say(
            zh="“{name}”的一组权重为0，组合后为0。",
            en="“{name}” has weight 0 in one set, and so in both.",
            name=name,
        )
        for name in lost
    ]
    return made(values.to_numpy(), s.index, notes)


@dataclass(frozen=True, repr=False)
class Points(Shown):
    """Whole points, and what rounding did.

    Attributes
    ----------
    points, exact : Series, indexed by indicator
    error : float
        The largest |points − exact|.
    note : Text
    """

    card_title: ClassVar[Text] = Text("取整后的分值", "Points in whole steps")
    card_table: ClassVar[str] = "points"

    points: pd.Series
    exact: pd.Series
    error: float
    note: Text


def to_points(
    weights: Weights | pd.Series | Mapping[str, float], total: float = 100, step: float = 1
) -> Points:
    """Weights as multiples of `step` that sum exactly to `total`: largest remainders (Hamilton),
    ties to the first.

    No point is further than one step from the exact one.

    Raises
    ------
    InputError
        Negative weights, or a total that is no multiple of the step.

    >>> to_points({"a": 1, "b": 1, "c": 1}, 100, 0.5).points.tolist()
    [33.5, 33.5, 33.0]
    """
    w = series_of(weights)
    for name in w.index[w < 0]:
        raise InputError(
            Complaint(
                say(zh="权重应为不小于0的数", en="a weight must be a number of 0 or more"),
                column=str(name),
            )
        )
    count = int(total / step + 0.5) if step > 0 else 0
    if count < 1 or abs(count * step - total) > 1e-9 * total or w.sum() <= 0:
        raise InputError(
            say(
                zh="总分{total:g}应为步长{step:g}的整数倍，且权重不全为0",
                en="the total {total:g} must be a multiple of the step {step:g}, and the weights "
                "not all 0",
                total=total,
                step=step,
            )
        )
    exact = w / w.sum() * count
    whole = [math.floor(value + 1e-9) for value in exact]
    left = in_order(exact.to_numpy() - whole)[: count - sum(whole)]
    units = np.array(whole) + np.isin(np.arange(len(w)), left)
    points = pd.Series([float(f"{unit * step:.10g}") for unit in units], w.index, name="points")
    error = float((points - exact * step).abs().max())
    note = say(
        zh="分值取{step:g}的整数倍，与精确值最多相差{error:.3g}分。",
        en="Points in steps of {step:g}, at most {error:.3g} from the exact ones.",
        step=step,
        error=error,
    )
    return Points(points, (exact * step).rename("exact"), error, note)

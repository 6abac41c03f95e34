"""Weights from data. They move with the data every year: freeze them as points in the written
scheme."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, listing, say
from qtoolkit.solver import System, solve_lp
from qtoolkit.weighting.weights import Weights, indicators_of, made, moving, scaled

EIGENVALUE = 1.0  # factors kept have at least this eigenvalue,
EXPLAINED = 0.1  # explain this much of the variance,
TOGETHER = 0.6  # and together at least this much


def entropy(x: pd.DataFrame) -> Weights:
    """熵权法: w ∝ 1 − e, e = −Σ q ln q / ln n with q = x / Σx (Shannon; Xu 2004, EJOR 156).

    Not invariant to shifts: decide on the origin of each indicator first. Values must not be
    negative. `detail`: entropy.

    >>> entropy(pd.DataFrame({"a": [1, 3], "b": [2, 2]})).weights.tolist()
    [1.0, 0.0]
    """
    x, notes = indicators_of(x)
    for name in x.columns[(x < 0).any()]:
        raise InputError(
            Complaint(
                say(
                    zh="有负值，熵权法不适用，请先换算为得分率",
                    en="negative values: entropy does not apply; take shares of full marks",
                ),
                column=str(name),
            )
        )
    varies = moving(x, notes)
    q = x.to_numpy() / np.where(varies, x.sum(), 1.0)
    e = -np.where(q > 0, q * np.log(np.where(q > 0, q, 1.0)), 0.0).sum(axis=0) / np.log(len(x))
    return made(
        np.where(varies, np.maximum(1 - e, 0.0), 0.0),
        x.columns,
        notes,
        entropy=pd.Series(np.where(varies, e, 1.0), x.columns),
    )


def critic(x: pd.DataFrame, costs: Sequence[str] = ()) -> Weights:
    """CRITIC: w ∝ sd_j · Σ_k (1 − r_jk) on min–max data (Diakoulaki, Mavrotas & Papayannakis 1995).

    `costs` names indicators of which less is better. A constant column gets weight 0 and does not
    enter the correlations. `detail`: sd, conflict.

    >>> critic(pd.DataFrame({"a": [1, 2, 3], "b": [3, 1, 2], "c": [5, 5, 5]})).weights.round(
    ...     3
    ... ).tolist()
    [0.5, 0.5, 0.0]
    """
    x, notes = indicators_of(x)
    varies = moving(x, notes)
    shares = scaled(x, costs).loc[:, varies]
    sd, conflict = shares.std(ddof=1), _unlikeness(shares.to_numpy()).sum(axis=1)
    if (conflict <= 1e-12).all():
        notes.append(
            Text(
                "各指标完全相关，按标准差赋权。",
                "All indicators are perfectly correlated: weights are by standard deviation.",
            )
        )
        conflict = np.ones(len(conflict))
    conflict = pd.Series(conflict, shares.columns).reindex(x.columns, fill_value=0.0)
    sd = sd.reindex(x.columns, fill_value=0.0)
    return made((sd * conflict).to_numpy(), x.columns, notes, sd=sd, conflict=conflict)


def _unlikeness(x: np.ndarray) -> np.ndarray:
    """1 − r of each pair of columns, (d, d), as ½ ‖z_j − z_k‖² of columns centred and of length 1.

    Where r is near 1 nothing cancels: what little is left is right to the last digits, and the same
    on every processor.
    """
    centred = x - x.mean(axis=0)
    z = centred / np.sqrt((centred**2).sum(axis=0))
    return np.array([((z - own[:, None]) ** 2).sum(axis=0) / 2 for own in z.T])


def variation(x: pd.DataFrame) -> Weights:
    """变异系数法: w ∝ sd / mean (sample sd). Means must be positive. `detail`: variation.

    >>> variation(pd.DataFrame({"a": [1, 3], "b": [2, 4]})).weights.round(3).tolist()
    [0.6, 0.4]
    """
    x, notes = indicators_of(x)
    for name in x.columns[x.mean() <= 0]:
        raise InputError(
            Complaint(
                say(
                    zh="均值不大于0，变异系数法不适用",
                    en="the mean is not above 0: no coefficient of variation",
                ),
                column=str(name),
            )
        )
    cv = (x.std(ddof=1) / x.mean()).where(moving(x, notes), 0.0)
    return made(cv.to_numpy(), x.columns, notes, variation=cv)


def deviation(x: pd.DataFrame) -> Weights:
    """标准差法: w ∝ sd of the min–max data. `detail`: sd.

    >>> deviation(pd.DataFrame({"a": [0, 1, 1], "b": [0, 10, 0]})).weights.tolist()
    [0.5, 0.5]
    """
    x, notes = indicators_of(x)
    moving(x, notes)
    sd = scaled(x).std(ddof=1)
    return made(sd.to_numpy(), x.columns, notes, sd=sd)


def pca(x: pd.DataFrame) -> Weights:
    """主成分法: w ∝ the first eigenvector of the correlation matrix, where all its elements have
    one sign.

    `detail`: eigenvalues (all, falling), explained (share of the first).

    Raises
    ------
    InputError
        Some elements are negative: such an indicator would count against a unit that does well on
        it.

    >>> pca(pd.DataFrame({"a": [1, 2, 3], "b": [2, 4, 7]})).weights.tolist()
    [0.5, 0.5]
    """
    x, notes = indicators_of(x, least=3)
    varies = moving(x, notes)
    values, vectors = _eigen(x.loc[:, varies])
    _check_apart(values, 1)
    first = _upright(vectors[:, :1])[:, 0]
    if (first < -SAME).any():
        names = listing(x.columns[varies][first < -SAME])
        raise InputError(
            say(
                zh="第一主成分在{names}上的系数为负，不能作为权重：与其余指标负相关",
                en="the first component is negative on {names}, which correlate negatively with "
                "the rest: it gives no weights",
                names=names,
            )
        )
    weights = np.zeros(x.shape[1])
    weights[varies] = np.maximum(first, 0.0)
    return made(
        weights, x.columns, notes, eigenvalues=values, explained=float(values[0] / values.sum())
    )


def factor(x: pd.DataFrame, count: int | None = None) -> Weights:
    """因子分析法: weights from rotated factors (Nicoletti, Scarpetta & Boylaud 2000; OECD/JRC
    Handbook 2008, section 6.1).

    Principal components with eigenvalues of 1 or more, each explaining 10% of the variance and
    together 60% (or `count` of them), rotated by varimax. Each indicator belongs to the factor on
    which it loads most; its weight is its squared loading over the factor's explained variance,
    times the factor's share of all variance that is explained. `detail`: eigenvalues, loadings
    (indicators × factors, the factor that explains most first, its sum positive), factor (of each
    indicator). Where equal eigenvalues leave open which factors are kept, one more is, or `count`
    is refused; so is a `count` beyond the eigenvalues above 0.

    >>> factor(
    ...     pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 2, 3, 5], "c": [4, 1, 3, 2]}), 2
    ... ).detail["factor"].tolist()
    [1, 1, 2]
    """
    x, notes = indicators_of(x, least=3)
    varies = moving(x, notes)
    values, vectors = _eigen(x.loc[:, varies])
    share = values / values.sum()
    if count is None:
        large = int(((values >= EIGENVALUE - SAME) & (share >= EXPLAINED - SAME)).sum())
        count = max(large, 1)
        while share[:count].sum() < TOGETHER - SAME or _tied(values, count):
            count += 1
    if not (isinstance(count, int) and 1 <= count <= len(values)):
        raise InputError(
            say(
                zh="因子个数应在1与{most}之间，现为 {found}",
                en="the number of factors must lie between 1 and {most}, found {found}",
                most=len(values),
                found=count,
            )
        )
    _check_rank(values, count)
    _check_apart(values, count)
    loadings = _upright(_varimax(vectors[:, :count] * np.sqrt(np.maximum(values[:count], 0.0))))
    loadings = loadings[:, in_order((loadings**2).sum(axis=0))]
    explained = (loadings**2).sum(axis=0)
    own = np.array([foremost(row)[0] for row in loadings**2])
    weights = np.zeros(x.shape[1])
    weights[varies] = (
        (loadings**2)[np.arange(len(own)), own]
        / explained[own]
        * (explained[own] / explained.sum())
    )
    names = pd.Index(range(1, count + 1), name="factor")
    columns = x.columns[varies]
    return made(
        weights,
        x.columns,
        notes,
        eigenvalues=values,
        loadings=pd.DataFrame(loadings, columns, names),
        factor=pd.Series(own + 1, columns),
    )


def _eigen(x: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (falling) and eigenvectors of the correlation matrix."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.corrcoef(x.to_numpy().T)))
    return values[::-1], vectors[:, ::-1]


def _tied(values: np.ndarray, count: int) -> bool:
    """Whether the last of so many eigenvalues (falling) equals the next: which of the two is kept
    is then arbitrary. Beyond the rank all are 0 and say nothing."""
    return count < len(values) and values[count - 1] - values[count] <= SAME < values[count - 1]


def _check_apart(values: np.ndarray, count: int) -> None:
    if _tied(values, count):
        text = say(
            zh="第{a}与第{b}个特征值相等，取前{a}个成分没有唯一结果，不能据以定权",
            en="eigenvalues {a} and {b} are equal: the first {a:component is|components are} not "
            "determined and give no weights",
            a=count,
            b=count + 1,
        )
        raise InputError(text)


def _check_rank(values: np.ndarray, count: int) -> None:
    """Refuse factors whose eigenvalue (falling) is 0: their loadings would be rounding errors."""
    rank = int((values > SAME).sum())
    if count > rank:
        text = say(
            zh="这些数据只有{rank}个不为0的特征值（有的指标可由其他指标推得），"
            "因子应不超过{rank}个，现为{found}个",
            en="the data have only {rank:eigenvalue|eigenvalues} above 0 (indicators follow from "
            "one another): expected at most {rank:factor|factors}, found {found}",
            rank=rank,
            found=count,
        )
        raise InputError(text)


def _upright(columns: np.ndarray) -> np.ndarray:
    """Columns (of loadings) turned so that their sum is positive; where it is 0, their first value
    that is not."""
    signs = []
    for column in columns.T:
        apart = column[np.abs(column) > SAME]
        whole = column.sum() if abs(column.sum()) > SAME else apart[:1].sum()
        signs.append(-1.0 if whole < 0 else 1.0)
    return columns * signs


def _varimax(loadings: np.ndarray, steps: int = 500) -> np.ndarray:
    """Loadings rotated so that the variance of the squared loadings, on rows scaled to length 1, is
    greatest (Kaiser 1958)."""
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    a = loadings / np.where(length > 0, length, 1.0)
    rotation, before = _start(a), 0.0
    for _ in range(steps):
        b = a @ rotation
        u, s, v = np.linalg.svd(a.T @ (b**3 - b * (b**2).mean(axis=0)))
        rotation = u @ v
        if s.sum() <= before * (1 + 1e-12):
            break
        before = s.sum()
    return loadings @ rotation


def _start(loadings: np.ndarray) -> np.ndarray:
    """A rotation that depends on the factors' space alone, not on the axes that equal eigenvalues
    happen to give: each next axis along the indicator of which most is left."""
    left, axes = loadings, []
    for _ in range(loadings.shape[1]):
        lengths = np.sqrt((left**2).sum(axis=1))
        most = foremost(lengths)[0]
        if lengths[most] <= SAME:
            return np.eye(loadings.shape[1])
        axes.append(left[most] / lengths[most])
        left = left - np.outer(left @ axes[-1], axes[-1])
    return np.array(axes).T


def benefit_of_doubt(x: pd.DataFrame, low: float = 0.0, high: float = 1.0) -> pd.DataFrame:
    """Benefit of the doubt: the weights that put each unit in its best light (Melyn & Moesen 1991;
    Cherchye et al. 2007).

    For unit k: maximise Σ_j w_j x_kj with Σ_j w_j x_ij ≤ 1 for all units i and pie shares w_j x_kj
    / Σ w x_k within [low, high].

    Parameters
    ----------
    x : DataFrame
        Nonnegative, higher is better.
    low, high : float
        Least and greatest share of each indicator in the unit's own score.

    Returns
    -------
    DataFrame, indexed by unit
        score (in [0, 1]), and the pie share of each indicator (NaN where the score is 0).

    >>> benefit_of_doubt(
    ...     pd.DataFrame({"a": [1.0, 0.5], "b": [0.5, 0.5]}, index=["甲", "乙"]), 0.3
    ... )["score"].round(3).tolist()
    [1.0, 0.769]
    """
    x, _ = indicators_of(x, least=1)
    n, d = x.shape
    for name in x.columns[(x < 0).any()]:
        raise InputError(Complaint(say(zh="有负值", en="negative values"), column=str(name)))
    if not (0 <= low <= 1 / d + 1e-12 and 1 / d - 1e-12 <= high <= 1):
        raise InputError(
            say(
                zh="{d}项指标的份额下限应不超过1/{d}，上限应不低于1/{d}",
                en="with {d} indicators the least share must be at most 1/{d}, the greatest at "
                "least 1/{d}",
                d=d,
            )
        )
    for name in x.columns[(x == 0).any()] if low > 0 else []:
        text = say(
            zh="有考核对象为0，在规定了最低份额时得不出得分，请用 low=0",
            en="0 for some unit: with a least share it has no score, use low=0",
        )
        raise InputError(Complaint(text, column=str(name)))
    values, rows = x.to_numpy(), {}
    for k, unit in enumerate(x.index):
        own = values[k]
        shares = [sign * (np.diag(own) - end * own) for sign, end in ((1.0, high), (-1.0, low))]
        system = System(
            np.eye(d),
            np.zeros(d),
            np.full(d, np.inf),
            np.concatenate([values, *shares]),
            np.full(n + 2 * d, -np.inf),
            np.concatenate([np.ones(n), np.zeros(2 * d)]),
        )
        found = solve_lp(-own, system)
        score = float(own @ found.x)
        rows[unit] = [score, *(own * found.x / score if score > 1e-12 else np.full(d, np.nan))]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["score", *x.columns])

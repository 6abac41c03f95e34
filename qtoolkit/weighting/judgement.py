"""Weights from judgements: pairwise comparisons, best and worst, point budgets, orders of
importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from qtoolkit.engine.ties import foremost
from qtoolkit.errors import Complaint, InputError
from qtoolkit.language import Text, listing, same, say
from qtoolkit.solver import System, attained, linear_program
from qtoolkit.weighting.weights import Weights, made, series_of

RI = {1: 0.0, 2: 0.0, 3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45, 10: 1.49}
"""Random consistency index by the number of indicators (Saaty's older table, the one most used in
China; the newer one has .52 .89 1.11 1.25 1.35 1.40 1.45 1.49 from 3 on)."""
MOST_CR = 0.1
SLACK = 1e-5  # of ξ, for the solver's own tolerance
BW_INDEX = {1: 0.0, 2: 0.44, 3: 1.0, 4: 1.63, 5: 2.3, 6: 3.0, 7: 3.73, 8: 4.47, 9: 5.23}
"""Consistency index of the best–worst method by a_BW (Rezaei 2015, Table 1)."""


def ahp(matrices: pd.DataFrame | Mapping[str, pd.DataFrame]) -> Weights:
    """层次分析法: the principal eigenvector of a matrix of pairwise comparisons (Saaty 1980).

    CI = (λmax − d)/(d − 1), CR = CI/RI; CR above .1 is noted. Of several experts the elementwise
    geometric mean is taken. Judgements left blank are filled by the eigenvector itself (Harker
    1987); their CR is then not given.

    Parameters
    ----------
    matrices : DataFrame (d × d), or mapping of expert to DataFrame
        Row over column. One of each pair is enough; the reciprocal is filled in.

    Returns
    -------
    Weights
        `detail`: lambda_max, ci, ri and ri_table (the index used), cr (NaN where incomplete),
        matrix (as used), worst_all: the judgements that hurt consistency most, as (row, column,
        given, implied by the weights), all that tie (of three indicators the three always do), and
        worst: the first of them.

    Raises
    ------
    InputError
        A matrix that is not square or not reciprocal, values that are not positive, comparisons
        that do not connect all indicators, experts who judge different indicators.

    >>> ahp(
    ...     pd.DataFrame([[1, 2], [0.5, 1]], index=["a", "b"], columns=["a", "b"])
    ... ).weights.round(4).tolist()
    [0.6667, 0.3333]
    """
    tables = _judgements(matrices)
    ids = next(iter(tables.values())).index
    judged, blank = _geometric_mean([table.loc[ids, ids].to_numpy() for table in tables.values()])
    _check_connected(blank, ids)
    weights, largest = _principal_eigenvector(judged, blank)
    d = len(ids)
    ci = (largest - d) / (d - 1) if d > 1 else 0.0
    ri = RI.get(d, np.nan)
    cr = _consistency_ratio(ci, ri, complete=not blank.any())
    worst = _least_consistent(judged, blank, weights, ids)
    return made(
        weights,
        ids,
        _consistency_notes(blank, ri, cr, worst),
        lambda_max=largest,
        ci=ci,
        ri=ri,
        ri_table=RI,
        cr=cr,
        matrix=pd.DataFrame(np.where(blank, np.nan, judged), ids, ids),
        worst=worst[0],
        worst_all=worst,
    )


def _judgements(matrices: pd.DataFrame | Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The experts' reciprocal matrices of the same indicators; of one alone under the name ""."""
    several = isinstance(matrices, Mapping) and not isinstance(matrices, pd.DataFrame)
    given = matrices if several else {"": matrices}
    tables = {name: _reciprocal(table, name) for name, table in given.items()}
    if not tables:
        raise InputError(say(zh="没有判断矩阵", en="no matrix of comparisons"))
    ids = set(next(iter(tables.values())).index)
    for name, table in tables.items():
        if set(table.index) != ids:
            text = say(zh="各专家判断的指标应相同", en="the experts must judge the same indicators")
            raise InputError(Complaint(text, file=name or None))
    return tables


def _geometric_mean(matrices: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The elementwise geometric mean of the judgements that are there, 1 where there is none; and
    where that is: (d, d) both."""
    logs = np.log(np.stack(matrices))
    known = ~np.isnan(logs)
    mean = np.where(known, logs, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.exp(mean), ~known.any(axis=0)


def _principal_eigenvector(judged: np.ndarray, blank: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights (d,), summing to 1, and λmax. In Harker's matrix a row counts on its diagonal
    the judgements that it lacks."""
    harker = np.where(blank, 0.0, judged) + np.diag(blank.sum(axis=1))
    values, vectors = np.linalg.eig(harker)
    largest = int(values.real.argmax())
    weights = np.abs(vectors[:, largest].real)
    return weights / weights.sum(), float(values[largest].real)


def _consistency_ratio(ci: float, ri: float, complete: bool) -> float:
    """CR = CI/RI; NaN of an incomplete matrix or without a random index, 0 where RI is 0."""
    if not complete or np.isnan(ri):
        return np.nan
    return max(ci, 0.0) / ri if ri > 0 else 0.0


def _least_consistent(
    judged: np.ndarray, blank: np.ndarray, weights: np.ndarray, ids: pd.Index
) -> list[tuple[str, str, float, float]]:
    """The judgements furthest from the ratios of the weights, all that tie: (row, column, given,
    implied)."""
    distance = np.abs(np.log(judged) - np.log(weights[:, None] / weights))
    upper = np.triu_indices(len(ids), 1)
    furthest = np.transpose(upper)[foremost(np.where(blank, 0.0, distance)[upper])]
    worst = [
        (ids[i], ids[j], float(judged[i, j]), float(weights[i] / weights[j])) for i, j in furthest
    ]
    return worst or [(ids[0], ids[0], 1.0, 1.0)]


def _consistency_notes(
    blank: np.ndarray, ri: float, cr: float, worst: list[tuple[str, str, float, float]]
) -> list[Text]:
    """Why there is no consistency ratio, or that it is too large."""
    if blank.any():
        text = say(
            zh="有{n}对指标未作比较，由其余判断推得，不计算一致性比率。",
            en="{n:pair|pairs} not compared, inferred from the other judgements: no "
            "consistency ratio.",
            n=int(blank.sum()) // 2,
        )
        return [text]
    if np.isnan(ri):
        text = say(
            zh="指标{d}项，超出随机一致性指标表（最多{most}项），不计算一致性比率。",
            en="No random index for {d:indicator|indicators} (the table ends at {most}): no "
            "consistency ratio.",
            d=len(blank),
            most=max(RI),
        )
        return [text]
    if not cr > MOST_CR:
        return []
    text = say(
        zh="一致性比率{cr:.3f}，超过{most}，判断前后矛盾；影响最大的是{worst}。",
        en="The consistency ratio is {cr:.3f}, above {most}: the judgements contradict one "
        "another, most of all {worst}.",
        cr=cr,
        most=MOST_CR,
        worst=_contradictions(worst),
    )
    return [text]


def _contradictions(judgements: Sequence[tuple[str, str, float, float]]) -> Text:
    """Judgements that hurt equally, each as given and as the weights have it."""
    named = listing(
        say(
            zh="“{row}”对“{column}”的判断{given:.3g}（由权重推得{implied:.3g}）",
            en="“{row}” over “{column}”, given {given:.3g} where the weights say {implied:.3g}",
            row=row,
            column=column,
            given=given,
            implied=implied,
        )
        for row, column, given, implied in judgements
    )
    if len(judgements) == 1:
        return named
    return say(
        zh="{n}个同等的判断：{named}",
        en="{n:judgement|judgements} alike: {named}",
        n=len(judgements),
        named=named,
    )


def _reciprocal(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """A checked matrix with reciprocals filled in; NaN where a pair was not compared."""

    def wrong(text: Text, row: object = None, column: object = None) -> InputError:
        where = (
            same("")
            if row is None
            else say(
                zh="“{row}”对“{column}”：", en="“{row}” over “{column}”: ", row=row, column=column
            )
        )
        return InputError(
            Complaint(
                say(zh="{where}{text}", en="{where}{text}", where=where, text=text),
                file=name or None,
            )
        )

    if (
        not isinstance(table, pd.DataFrame)
        or set(table.index) != set(table.columns)
        or table.index.has_duplicates
        or table.empty
    ):
        raise wrong(
            Text(
                "判断矩阵的行和列应为相同的指标",
                "rows and columns of the matrix must be the same indicators",
            )
        )
    a = table.loc[:, table.index].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    for i, j in np.argwhere(
        (table.loc[:, table.index].notna().to_numpy() & np.isnan(a)) | (a <= 0) | np.isinf(a)
    ):
        raise wrong(
            Text("应为大于0的数", "expected a number above 0"), table.index[i], table.index[j]
        )
    a = np.where(np.eye(len(a), dtype=bool) & np.isnan(a), 1.0, a)
    a = np.where(np.isnan(a), 1 / a.T, a)
    for i, j in np.argwhere(np.abs(a * a.T - 1) > 0.02):  # 1/3 is often written .33
        text = say(
            zh="与反向判断不互为倒数（{a:.3g}与{b:.3g}）",
            en="not the reciprocal of its counterpart ({a:.3g} and {b:.3g})",
            a=a[i, j],
            b=a[j, i],
        )
        raise wrong(text, table.index[i], table.index[j])
    return pd.DataFrame(a, table.index, table.index)


def _check_connected(blank: np.ndarray, ids: pd.Index) -> None:
    reached = np.arange(len(ids)) == 0
    for _ in ids:
        reached = reached | (~blank[reached]).any(axis=0)
    if not reached.all():
        raise InputError(
            say(
                zh="{names}与其余指标没有比较，无法赋权",
                en="{names} were compared with none of the others",
                names=listing(ids[~reached]),
            )
        )


def best_worst(
    best_to_others: Mapping[str, float] | pd.Series,
    others_to_worst: Mapping[str, float] | pd.Series,
) -> Weights:
    """最优最劣法: minimise ξ with |w_B/w_j − a_Bj| ≤ ξ and |w_j/w_W − a_jW| ≤ ξ (Rezaei 2015, Omega
    53).

    For a given ξ the conditions are linear; ξ is found by bisection. Where several weights attain
    it, the middle of each weight's interval is taken (Rezaei 2016). `detail`: xi, ratio (ξ over the
    consistency index), low, high (intervals).

    Parameters
    ----------
    best_to_others, others_to_worst : by indicator
        How much more important the best indicator is than each, and each than the worst: 1 to 9.
        The best has a 1 in the first, the worst a 1 in the second.

    >>> found = best_worst(
    ...     {"price": 8, "quality": 2, "service": 1}, {"price": 1, "quality": 5, "service": 8}
    ... )
    >>> found.weights.round(3).tolist()
    [0.071, 0.339, 0.59]
    """
    best, worst = series_of(best_to_others), series_of(others_to_worst)
    if set(best.index) != set(worst.index) or not len(best):
        raise InputError(
            say(
                zh="两组判断的指标应相同",
                en="both sets of judgements must be about the same indicators",
            )
        )
    worst = worst[best.index]
    for values in (best, worst):
        if not (values.between(1, 9).all() and (values == 1).any()):
            raise InputError(
                say(
                    zh="判断应为1至9，最优（最劣）指标本身为1",
                    en="judgements go from 1 to 9, with a 1 for the best (worst) indicator itself",
                )
            )
    b, w, d = int(best.to_numpy().argmin()), int(worst.to_numpy().argmin()), len(best)
    eye = np.eye(d)

    def system(xi: float) -> System:
        rows = [
            sign * (eye[b] - a * eye[j]) - xi * eye[j]
            for j, a in enumerate(best)
            for sign in (1, -1)
        ]
        rows += [
            sign * (eye[j] - a * eye[w]) - xi * eye[w]
            for j, a in enumerate(worst)
            for sign in (1, -1)
        ]
        count = len(rows)
        return System(
            eye,
            np.zeros(d),
            np.ones(d),
            np.array([*rows, np.ones(d)]),
            np.array([-np.inf] * count + [1.0]),
            np.array([0.0] * count + [1.0]),
        )

    low, high = 0.0, 9.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (low, middle)
            if linear_program(np.zeros(d), system(middle)) is not None
            else (middle, high)
        )
    last = system(high + SLACK)
    ends = [[float(attained(sign * eye[j], last)[j]) for sign in (1, -1)] for j in range(d)]
    least, most = np.array(ends).T
    index = BW_INDEX[int(min(max(best.iloc[w], 1), 9))]
    return made(
        (least + most) / 2,
        best.index,
        xi=high,
        ratio=high / index if index else 0.0,
        low=pd.Series(least, best.index),
        high=pd.Series(most, best.index),
    )


def budget(experts: pd.DataFrame, how: str = "mean") -> Weights:
    """Point budgets of several experts (预算分配法): "mean", "trimmed" (without the highest and the
    lowest of each indicator) or "median", then rescaled to sum 1.

    Parameters
    ----------
    experts : DataFrame
        One row an expert, one column an indicator; every row sums to the same total.

    Returns
    -------
    Weights
        `detail`: spread (sample sd over the experts, of the shares).

    >>> budget(pd.DataFrame({"a": [50, 60], "b": [50, 40]})).weights.tolist()
    [0.55, 0.45]
    """
    if not isinstance(experts, pd.DataFrame) or experts.empty:
        raise InputError(say(zh="应为专家×指标的表", en="expected a table of experts × indicators"))
    numbers = experts.apply(pd.to_numeric, errors="coerce")
    for row, column in np.argwhere(~(numbers >= 0).to_numpy() | np.isinf(numbers.to_numpy(float))):
        raise InputError(
            Complaint(
                say(
                    zh="专家“{who}”的分值应为不小于0的数",
                    en="the points of expert “{who}” must be numbers of 0 or more",
                    who=experts.index[row],
                ),
                column=str(experts.columns[column]),
            )
        )
    totals = numbers.sum(axis=1)
    for who in numbers.index[(totals - totals.iloc[0]).abs() > 1e-9 * max(totals.iloc[0], 1.0)]:
        raise InputError(
            say(
                zh="专家“{who}”的分值合计{found:g}，应为{total:g}",
                en="the points of expert “{who}” sum to {found:g}, expected {total:g}",
                who=who,
                found=totals[who],
                total=totals.iloc[0],
            )
        )
    if totals.iloc[0] <= 0:
        raise InputError(say(zh="没有专家分值", en="no points of experts"))
    if how == "trimmed" and len(numbers) < 3:
        raise InputError(
            say(
                zh="去掉最高最低至少需要3位专家，现有{n}位",
                en="without highest and lowest at least 3 experts are needed, found {n}",
                n=len(numbers),
            )
        )
    if how not in ("mean", "trimmed", "median"):
        raise InputError(
            say(
                zh="how 应为 mean、trimmed 或 median，现为“{found}”",
                en="how must be mean, trimmed or median, found “{found}”",
                found=how,
            )
        )
    shares = numbers / totals.iloc[0]
    trimmed = (shares.sum() - shares.max() - shares.min()) / max(len(shares) - 2, 1)
    values = {"mean": shares.mean(), "median": shares.median(), "trimmed": trimmed}[how].clip(
        lower=0
    )
    return made(values.to_numpy(), shares.columns, spread=shares.std(ddof=1))


def rank_order_centroid(order: Sequence[str]) -> Weights:
    """Weights from the order of importance, most important first: w_k = Σ_{i ≥ k} 1/(d·i), the
    centre of all weights in that order (Barron & Barrett 1996).

    >>> rank_order_centroid(["a", "b"]).weights.tolist()
    [0.75, 0.25]
    """
    d = _order(order)
    return made(
        np.array([sum(1 / (d * i) for i in range(k, d + 1)) for k in range(1, d + 1)]), list(order)
    )


def rank_sum(order: Sequence[str]) -> Weights:
    """Weights from the order of importance, most important first: w_k = 2 (d + 1 − k) / (d (d + 1))
    (Stillwell et al. 1981).

    >>> rank_sum(["a", "b", "c"]).weights.round(3).tolist()
    [0.5, 0.333, 0.167]
    """
    d = _order(order)
    return made(np.arange(d, 0, -1), list(order))


def _order(order: Sequence[str]) -> int:
    if isinstance(order, str) or not len(order) or len(set(order)) < len(order):
        raise InputError(
            say(
                zh="应按重要性列出指标，不得重复",
                en="expected a list of indicators by importance, each once",
            )
        )
    return len(order)

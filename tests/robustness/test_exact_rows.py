"""What is called exact, graded anew: just inside its limit nothing changes, just beyond it and at
the full end it does.

Random small schemes in whole numbers, so that ties, hits on cutoffs and changes at the very edge
are frequent, with every rule that makes one grade depend on another's. Nothing here comes from the
methods that are tested: every check is an assessment of the scheme with other points or other
cutoffs, quotas and vetoes in force.
"""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import grade, rank, score
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box

R = qt.robustness
SEVERAL, MANY = 50, 10_000  # schemes, by default and where there is time
NEAR = 2e-6  # points, or a share of a band, between a limit and "just inside" or "just beyond" it
chance = st.integers(0, 3).map(lambda i: i == 0)


@st.composite
def whole_schemes(draw):
    """(scheme as in scheme.yaml, DataFrame): 1–5 leaves, 1–6 units, whole points, shares in
    quarters or tenths."""
    d, n = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    points = draw(st.lists(st.integers(0, 12), min_size=d, max_size=d))
    points[-1] += not sum(points)
    total, parts = float(sum(points)), draw(st.sampled_from([4, 10]))
    leaves, columns = [], {"unit": [f"u{k}" for k in range(n)]}
    blanks = draw(st.sampled_from([None, None, "renormalise", "group_mean", "zero"]))
    for j, p in enumerate(points):
        leaf = {"id": f"x{j}", "name": f"x{j}", "points": float(p), "rule": {"kind": "share"}}
        values = draw(
            st.lists(st.integers(0, parts).map(lambda i, m=parts: i / m), min_size=n, max_size=n)
        )
        if draw(chance):
            rule = {"kind": "deduct", "rate": 1.0, "per": 1.0}
            leaf |= {"rule": rule, "scales": draw(st.booleans())}
            values = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
        blank = draw(st.integers(0, n - 2)) if blanks and n > 1 and draw(st.booleans()) else n - 1
        if j < d - 1 or any(columns[f"x{i}"][blank] is not None for i in range(j)):
            values[blank] = (
                None if blank < n - 1 else values[blank]
            )  # the last unit has every value: there is a mean
        leaves.append(leaf)
        columns[f"x{j}"] = values
    if d > 2 and draw(st.booleans()):
        leaves = [{"id": "node", "name": "node", "children": leaves[:2]}, *leaves[2:]]
    classes = n > 2 and draw(chance)
    if classes:
        columns["class"] = [
            *draw(st.lists(st.sampled_from("pq"), min_size=n - 1, max_size=n - 1)),
            "p",
        ]
        blanks = "zero" if blanks == "group_mean" else blanks
    vetoes = (
        [{"id": "v", "name": "v", "cap": "D"}, {"id": "w", "name": "w", "lower": 1}]
        if draw(chance)
        else []
    )
    for veto in vetoes:
        columns[f"veto:{veto['id']}"] = draw(
            st.lists(st.sampled_from(["是", "否", "否"]), min_size=n, max_size=n)
        )
    bonuses = []
    if draw(chance):
        kind = draw(st.sampled_from(["bonus", "deduction"]))
        bonuses = [{"id": "b", "name": "b", "kind": kind, "max": 5.0}]
        columns["bonus:b"] = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    scheme = {
        "id": "s",
        "name": "s",
        "total": total,
        "indicators": leaves,
        "vetoes": vetoes,
        "bonuses": bonuses,
        "missing": {"blank": "not_applicable", "not_applicable": blanks or "zero"},
        "rounding": draw(st.sampled_from([{}, {}, {"total": {"decimals": 0, "mode": "half_up"}}])),
        "order": {"veto": draw(st.sampled_from(["before_quota", "after_quota"]))},
        "rank_on": draw(st.sampled_from(["published", "base"])),
    }
    scheme |= {"classes": ["p", "q"]} if classes else {}
    frame = pd.DataFrame(columns, dtype=object)
    scheme["grades"] = draw(_grades(scheme, frame, total))
    return scheme, frame


@st.composite
def _grades(draw, scheme, frame, total):
    """Whole cutoffs, often exactly at somebody's score; quotas and last places on some."""
    trial = [{"id": "A", "cutoff": 1.0}, {"id": "D", "cutoff": 0.0}]
    scores = qt.assess(validate(Scheme, scheme | {"grades": trial}, None), frame).scores
    hits = [float(s) for s in scores if 0 < s <= total and s == round(s, 3)]
    plain = [float(c) for c in range(1, int(total) + 1)]
    chosen = draw(
        st.lists(st.sampled_from([*hits, *hits, *plain]), min_size=1, max_size=3, unique=True)
    )
    grades = [
        {"id": i, "cutoff": c} for i, c in zip("ABC", sorted(chosen, reverse=True), strict=False)
    ]
    grades.append({"id": "D", "cutoff": 0.0})
    if draw(st.booleans()):
        for given in grades[:-1]:
            given["quota"] = draw(st.sampled_from([None, 0, 1, 2, 0.5]))
            given["ties"] = draw(st.sampled_from(["out", "in"]))
        if draw(chance):
            grades[-1]["last"] = draw(st.integers(1, 2))
    if "classes" in scheme:
        for given in grades[:-1]:
            given["class_cutoffs"] = {"q": given["cutoff"] / 2}
            given["within"] = draw(st.sampled_from(["all", "class"]))
    return grades


class Anew:
    """A result graded anew; `wrong` collects what contradicts a row that is called exact."""

    def __init__(self, result, seed):
        self.result, self.rng, self.wrong = result, np.random.default_rng(seed), []
        self.points, self.units = result.points.to_numpy(), list(result.scores.index)
        self.codes = result.grades.cat.codes.to_numpy()

    def say(self, holds, *what):
        if not holds:
            self.wrong.append(what)

    def grades(self, rows):
        """Grades (m, n) at rows of points (m, d); now and then a row is assessed anew as a scheme
        of its own."""
        e = self.result.engine
        found = grade(e, score(e, np.atleast_2d(rows)))
        if len(found) and self.rng.random() < 0.04:
            m = self.rng.integers(len(found))
            self.say(
                (self.anew(np.atleast_2d(rows)[m]).grades.cat.codes == found[m]).all(),
                "engine",
                np.atleast_2d(rows)[m],
            )
        return found

    def anew(self, points):
        points = points * (self.points.sum() / points.sum())
        scheme = self.result.scheme.replace(
            points=dict(zip(self.result.points.index, map(float, points), strict=True))
        )
        return qt.assess(scheme, self.result.table)

    def inside(self, region, count=12):
        """Points of a box: corners and points between."""
        area = region.at(self.result)
        corners = area.maximise(self.rng.normal(size=(count, self.points.size)))
        mixed = self.rng.dirichlet(np.ones(count), 4) @ corners
        return np.concatenate([corners, mixed, self.points[None]])


def rays(anew, name, along, t, reach, exact, unit, out):
    """At `along(x)`, x < t, no grade changes of those not left out; just beyond `unit`'s does (t =
    ∞: none to the end)."""
    if not exact or reach <= 0:
        return
    looked_at = ~np.isin(anew.units, out)
    end = min(t, reach)
    before = [max(share * end - NEAR * (t < np.inf), 0.0) for share in (0.25, 0.6, 1.0)]
    found = anew.grades(np.array([along(x) for x in before]))
    anew.say((found == anew.codes)[:, looked_at].all(), name, "changes before", t, reach)
    if t < np.inf:
        k = anew.units.index(unit)
        beyond = anew.grades(along(min(t + NEAR, reach)))
        anew.say(beyond[0, k] != anew.codes[k], name, "no change", unit, t, reach)


def moved(points, v, x):
    return points + x * v


def alone(points, j, sign, x):
    """One leaf's points changed by sign·x, the others in proportion (by products: to the last
    bit)."""
    to, others = points[j] + sign * x, points.sum() - points[j]
    new = points * (max(points.sum() - to, 0.0) / others)
    new[j] = to
    return new


def transfers(anew):
    found, eye = R.transfer_map(anew.result), np.eye(anew.points.size)
    for i in range(anew.points.size):
        for j in range(anew.points.size):
            if i != j:
                cells = (x.iloc[i, j] for x in (found.table, found.exact, found.unit))
                t, exact, unit = cells
                along = partial(moved, anew.points, eye[j] - eye[i])
                rays(
                    anew, f"transfer {i}→{j}", along, t, anew.points[i], exact, unit, found.left_out
                )


def stands(order, keys):
    """Whether units lie in this order of competition ranks at keys (m, n): units that tie on paper
    at half a tick may be rounded apart by one."""
    lead = keys[:, :, None] - keys[:, None, :]
    ahead, tied = order[:, None] < order, order[:, None] == order
    return (lead[:, ahead] > 0).all() and (np.abs(lead[:, tied]) <= 1).all()


def single_points(anew):
    table, total = R.stability_intervals(anew.result), anew.points.sum()
    e = anew.result.engine
    added = 0 if e.rank_on_base else e.offset - e.late
    order = rank(score(e)[0] + added)
    for j, (_, row) in enumerate(table.iterrows()):
        others = total - anew.points[j]
        if row["status"] != "exact" or others == 0:
            continue
        out = row["left_out"].split("、")
        for sign, side, reach in ((-1, "low", anew.points[j]), (1, "high", others)):
            unit = row[f"unit_{side}"]
            t = np.inf if pd.isna(unit) else abs(row[side] - anew.points[j])
            along = partial(alone, anew.points, j, sign)
            rays(anew, f"alone {j} {side}", along, t, reach, True, unit, out)
            far = abs(row[f"rank_{side}"] - anew.points[j])
            if far > NEAR:
                p = np.array([along(share * (far - NEAR)) for share in (0.5, 1.0)])
                anew.say(stands(order, score(e, p) + added), "order", j, side)
            if far + NEAR < reach:
                beyond = rank(score(e, along(far + NEAR))[0] + added)
                anew.say((beyond != order).any(), "order beyond", j, side)


def with_cutoff(anew, line, value):
    """Grades after one cutoff is moved (in every class by as much); None where the scheme refuses
    it."""
    grades = [g.model_dump() for g in anew.result.scheme.grades]
    own = next(g for g in grades if g["id"] == line)
    own["class_cutoffs"] = {c: x + value - own["cutoff"] for c, x in own["class_cutoffs"].items()}
    own["cutoff"] = value
    try:
        scheme = validate(Scheme, anew.result.scheme.model_dump() | {"grades": grades}, None)
    except qt.errors.InputError:
        return None
    return qt.assess(scheme, anew.result.table).grades.cat.codes.to_numpy()


def single_cutoffs(anew):
    for line, row in R.cutoff_intervals(anew.result).iterrows():
        for value, unit, holds in (
            (row["low"] + 1e-6, None, True),
            (row["low"], row["unit_low"], False),
            (row["high"], None, True),
            (row["high"] + 1e-6, row["unit_high"], False),
        ):
            codes = with_cutoff(anew, line, value) if np.isfinite(value) else None
            if codes is not None and holds:
                anew.say((codes == anew.codes).all(), "cutoff holds", line, value)
            elif codes is not None and unit is not None:  # else it meets its neighbour there
                k = anew.units.index(unit)
                anew.say(codes[k] != anew.codes[k], "cutoff changes", line, value, unit)
    swept = qt.cutoffs.sweep(anew.result).flips
    swept = swept[swept["line"] != "all"]
    for _, row in swept.iloc[anew.rng.permutation(len(swept))[:1]].iterrows():
        k, names = anew.units.index(row["unit"]), anew.result.grade_names
        for value, expected in (
            (row["cutoff"], row["before"]),
            (row["cutoff"] + 1e-6, row["after"]),
        ):
            codes = with_cutoff(anew, row["line"], value)
            anew.say(codes is None or names[codes[k]] == expected, "sweep", row["line"], value)


def flips(anew, step=None, region=None):
    name = f"flip step {step} region {region}"
    found = R.cheapest_flip(anew.result, step=step, region=region)
    area = None if region is None else region.at(anew.result)
    for k, (unit, row) in enumerate(found.table.iterrows()):
        if row["status"] not in ("exact", "at most"):
            continue
        witness, moved = found.witness(unit, "flip"), row["points_moved"]
        anew.say((witness is None) == np.isinf(moved), name, "witness", unit)
        if witness is not None:
            p = witness.to_numpy()
            code = anew.grades(p)[0, k]
            anew.say(
                code != anew.codes[k] and anew.result.grade_names[code] == row["towards"],
                name,
                unit,
                "not",
                row["towards"],
            )
            anew.say(area is None or area.contains(p[None])[0], name, "outside", unit)
            anew.say(abs(np.maximum(p - anew.points, 0).sum() - moved) < 1e-9, name, "moved", unit)
        least = min(row["at_least"], anew.points.sum())
        if row["status"] == "exact" and least > NEAR:
            tried = anew.inside(region or Box(absolute=float(least)))
            if step is not None:
                tried = np.floor((tried - anew.points) / step + 1e-9) * step + anew.points
                short = np.round((anew.points.sum() - tried.sum(axis=1)) / step).astype(int)
                for row_, steps in zip(tried, short, strict=True):
                    row_[anew.rng.integers(row_.size)] += steps * step
            far = np.maximum(tried - anew.points, 0).sum(axis=1)
            limit = least - NEAR if row["at_least"] < np.inf else np.inf
            if step is None:
                shrink = np.minimum(1.0, limit / np.maximum(far, 1e-12))[:, None]
                tried = anew.points + (tried - anew.points) * shrink
            else:
                tried = tried[(far < limit) & (tried >= 0).all(axis=1)]
            tried = np.where(tried > 1e-12, tried, 0.0)
            anew.say(
                (anew.grades(tried)[:, k] == anew.codes[k]).all(), name, "cheaper", unit, moved
            )


def tolerances(anew):
    found = R.tolerance(anew.result)
    for k, (unit, row) in enumerate(found.table.iterrows()):
        rho = row["tolerance"]
        if row["status"] == "exact" and np.isfinite(rho):
            code = anew.grades(found.witness(unit, "change").to_numpy())[0, k]
            anew.say(anew.result.grade_names[code] == row["towards"], "tolerance", unit, rho)
        if row["status"] != "none" and rho > NEAR:
            held = (
                anew.grades(anew.inside(Box(relative=min(rho * (1 - NEAR), 1.0))))[:, k]
                == anew.codes[k]
            )
            anew.say(held.all(), "tolerance inside", unit, rho)
    counts = R.tolerance_map(anew.result, [0.1, 0.5], [0.0])
    for band in (0.1, 0.5):
        held = (anew.grades(anew.inside(Box(relative=band))) == anew.codes).all(axis=0).sum()
        anew.say(counts.loc[band, 0.0] <= held, "certain grades", band)


def pairs(anew):
    e, table = anew.result.engine, R.pair_tolerance(anew.result).to_numpy()
    added = 0 if e.rank_on_base else e.offset - e.late
    lead = np.sign(np.subtract.outer(score(e)[0] + added, score(e)[0] + added))
    for a, b in zip(*np.triu_indices(len(table), 1), strict=True):
        rho = table[a, b]
        if rho > NEAR:
            key = score(e, anew.inside(Box(relative=min(rho * (1 - NEAR), 1.0)))) + added
            anew.say((np.sign(key[:, a] - key[:, b]) == lead[a, b]).all(), "pair inside", a, b, rho)
        if rho < 1 - NEAR and e.plain[[a, b]].all():
            gain = (e.slope[b] - e.slope[a]) * (lead[a, b] or 1)
            ends = [
                Box(relative=rho + NEAR).at(anew.result).maximise(sign * gain[None])[0]
                for sign in (1, -1)
            ]
            key = score(e, np.array(ends)) + added
            anew.say((np.sign(key[:, a] - key[:, b]) != lead[a, b]).any(), "pair beyond", a, b, rho)


def ranges(anew, region):
    found, e = R.score_range(anew.result, region), anew.result.engine
    rows = anew.inside(region)
    scores, grades = score(e, rows) / 1e10, anew.grades(rows)
    names = anew.result.grade_names
    for k, (unit, row) in enumerate(found.table.iterrows()):
        anew.say(
            row["low"] - 1e-9 <= scores[:, k].min() and scores[:, k].max() <= row["high"] + 1e-9,
            "range",
            unit,
        )
        low, high = names.index(row["grade_low"]), names.index(row["grade_high"])
        anew.say(low <= grades[:, k].min() and grades[:, k].max() <= high, "range of grades", unit)
        for side, code in (("low", low), ("high", high)):
            if row["status"] == "exact":
                at = found.witness(unit, side).to_numpy()
                anew.say(abs(score(e, at)[0, k] / 1e10 - row[side]) < 2e-10, "range attained", unit)
                anew.say(anew.grades(at)[0, k] == code, "grade attained", unit, side)


def ranks(anew, region):
    found, e = R.rank_range(anew.result, region, time_limit=2, draws=8), anew.result.engine
    rows = anew.inside(region)
    seen = rank(e.key(score(e, rows)))
    for k, (unit, row) in enumerate(found.table.iterrows()):
        anew.say(
            row["best"] <= seen[:, k].min() and seen[:, k].max() <= row["worst"], "ranks", unit
        )
        for side in ("best", "worst") if row["status"] == "exact" else ():
            at = rank(e.key(score(e, found.witness(unit, side).to_numpy())))
            anew.say(at[0, k] == row[side], "rank attained", unit, side)


def orders(anew, region):
    found, e = R.dominance(anew.result, region), anew.result.engine
    added = 0 if e.rank_on_base else e.offset - e.late
    if not e.rank_on_base and (e.rounding is not None or e.cap < 10**10 * (anew.points.sum() + 5)):
        return  # what ranks compare is capped or rounded
    key = score(e, anew.inside(region)) + added
    ahead = key[:, :, None] >= key[:, None, :]
    anew.say(ahead.all(axis=0)[found.certain.to_numpy()].all(), "certainly ahead")
    anew.say(not ahead.any(axis=0)[~found.possible.to_numpy()].any(), "possibly ahead")


def contradictions(result, seed):
    """What grading anew contradicts of all rows that are called exact."""
    anew = Anew(result, seed)
    transfers(anew)
    single_points(anew)
    single_cutoffs(anew)
    flips(anew)
    flips(anew, step=1.0)
    region = (Box(absolute=1), Box(relative=0.5))[anew.rng.integers(2)]
    flips(anew, region=region)
    tolerances(anew)
    pairs(anew)
    ranges(anew, region)
    orders(anew, region)
    ranks(anew, region)
    return anew.wrong


@settings(max_examples=SEVERAL)
@given(whole_schemes(), st.integers(0, 99))
def test_no_row_called_exact_is_contradicted(case, seed):
    scheme, frame = case
    assert contradictions(qt.assess(validate(Scheme, scheme, None), frame), seed) == []


@pytest.mark.soak
@settings(max_examples=MANY)
@given(whole_schemes(), st.integers(0, 99))
def test_no_row_called_exact_is_contradicted_by_ten_thousand_schemes(case, seed):
    scheme, frame = case
    assert contradictions(qt.assess(validate(Scheme, scheme, None), frame), seed) == []

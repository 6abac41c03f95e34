"""Two assessments with any of their differences undone: the states that a cause is looked for
in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of, treatment_of
from qtoolkit.comparison.cells import READ, Cells
from qtoolkit.comparison.matching import NONE, Matching, match
from qtoolkit.comparison.mixing import (
    FINE,
    PLACES,
    Side,
    columns_of,
    mixture,
    together,
    with_all_units,
    written_for_own_points,
)
from qtoolkit.engine import finish, from_ticks, grade
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Bonus, Indicator, Scheme, Veto
from qtoolkit.inputs.statuses import BLANKS
from qtoolkit.inputs.table import Table

ALL = (*FINE, "units", "approval")
"""Everything that two assessments can differ in."""
ROWS = ("data", "classes", "vetoes", "bonus")
"""The parts that live, wholly or also, in rows of the table."""
ABSENT = -1  # the grade of a unit that is not there

New = frozenset[str]


@dataclass(frozen=True)
class Standing:
    """What became of the units, in one state. Arrays over all units of both assessments; of a unit
    that is not in it, `ABSENT`.

    Attributes
    ----------
    final : ndarray of int
        The grades that are explained, 0 the worst: computed, or approved.
    computed : ndarray of int
        The computed grades.
    alone : ndarray of int
        The grades that each unit has by itself, by lines and vetoes, places left out.
    published : ndarray of float
        Published scores as shares of the total; NaN of a unit that is not there.
    groups : ndarray of object
        Among whom places are counted: the class, or None for all.
    """

    final: np.ndarray
    computed: np.ndarray
    alone: np.ndarray
    published: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Undoing:
    """Two assessments and what they differ in.

    Attributes
    ----------
    before, after : Assessment
    approved : bool
        Whether approved grades are explained.
    """

    before: Assessment
    after: Assessment
    approved: bool

    @cached_property
    def units(self) -> list[str]:
        """All units: those of `after`, then those that left."""
        there = set(self.after.table.units)
        left = [unit for unit in self.before.table.units if unit not in there]
        return [*self.after.table.units, *left]

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts in which the two differ, by what they hold. Parts that cannot be told apart are
        one, under the name of the first."""
        old, new = (_contents(result) for result in (self.before, self.after))
        found = [part for part in old if old[part] != new[part]]
        if self.before.scheme is not self.after.scheme and self._rules_differ:
            found.append("rules")
        found += [part for part in ROWS if part not in found and self._rows_differ(part).any()]
        if set(self.before.table.units) != set(self.after.table.units):
            found.append("units")
        if self.approved and (self.given(False) != self.given(True)).any():
            found.append("approval")
        names = {self.joined.get(part, part) for part in found}
        return tuple(part for part in ALL if part in names)

    @cached_property
    def joined(self) -> dict[str, str]:
        """Parts that go with another, see :func:`qtoolkit.comparison.mixing.together`."""
        if self.before.scheme is self.after.scheme:
            return {}
        return together(self.before.scheme, self.after.scheme, self.matching)

    @cached_property
    def matching(self) -> Matching:
        """Which indicators correspond."""
        tables = (self.before.table, self.after.table)
        return match(self.before.scheme, self.after.scheme, tables)

    @property
    def twins(self) -> dict[str, str]:
        """Leaves of `after` by id, each with that of `before` which it continues."""
        same = self.before.scheme is self.after.scheme
        return {} if same else self.matching.twins

    def given(self, new: bool) -> np.ndarray:
        """The approved grades that stand in the table of a side, `ABSENT` where none
        does."""
        result = self.after if new else self.before
        codes = np.full(len(self.units), ABSENT)
        if "approved" in result.table.remarks:
            words = dict(result.table.remarks["approved"].dropna())
            names = result.grade_names
            codes = np.array([names.index(words[u]) if u in words else ABSENT for u in self.units])
        return codes

    # States of whole parts -----------------------------------------------------------------------

    @cached_property
    def _kept(self) -> dict[object, Standing | None]:
        return {}

    def state(self, new: Iterable[str]) -> Standing | None:
        """The standing with some of `parts` as in `after` and the others as in `before`; None where
        that cannot be assessed."""
        new = frozenset(new)
        if new not in self._kept:
            self._kept[new] = self._state(new)
        return self._kept[new]

    def _state(self, new: New) -> Standing | None:
        mixed = new - {"approval"}
        if mixed == set(self.parts) - {"approval"}:
            return self._standing(self.after, self._new_approvals(new))
        if not mixed:
            return self._standing(self.before, self._new_approvals(new))
        return self._of(*self._mixture(new), new)

    def _of(self, scheme: Scheme, table: Table, new: New) -> Standing | None:
        """The standing of a scheme and its data, None where they cannot be assessed: a mean of
        units that are not there, a blank of which a scheme says nothing."""
        try:
            result = self._anew(new, scheme, table)
        except InputError:
            return None
        return self._standing(result, self._new_approvals(new))

    def _anew(self, new: New, scheme: Scheme, table: Table) -> Assessment:
        return (self.after if "cutoffs" in self._fine(new) else self.before).anew(scheme, table)

    @cached_property
    def _sides(self) -> tuple[Side, Side]:
        return with_all_units(Side.of(self.before), Side.of(self.after), self.matching)

    def _mixture(self, new: New) -> tuple[Scheme, Table]:
        scheme, table = mixture(*self._sides, self.matching, self._fine(new))
        there = set((self.after if self._new_units(new) else self.before).table.units)
        at = [k for k, unit in enumerate(table.units) if unit in there]
        return scheme, table if len(at) == len(table.units) else table.take(np.array(at))

    def _fine(self, new: New) -> New:
        """The parts of a mixture, of which those that do not differ come from `after`."""
        names = {part: self.joined.get(part, part) for part in FINE}
        return frozenset(p for p, name in names.items() if name in new or name not in self.parts)

    def _new_units(self, new: New) -> bool:
        return "units" in new or "units" not in self.parts

    @cached_property
    def ends(self) -> tuple[Standing, Standing]:
        """The standings of the two as they are."""
        return self._standing(self.before, False), self._standing(self.after, True)

    def _new_approvals(self, new: New) -> bool:
        return "approval" in new or "approval" not in self.parts

    def _standing(self, result: Assessment, new_approvals: bool) -> Standing:
        return self.standings(result, result.base.to_numpy()[None, :], new_approvals)[0]

    def standings(
        self, result: Assessment, bases: np.ndarray, new_approvals: bool
    ) -> list[Standing]:
        """Standings at base scores (m, n) of the units of an assessment, with the approvals of
        `after` or of `before`."""
        engine = result.engine
        at = np.array([self._number[unit] for unit in result.table.units])
        m, n = len(bases), len(self.units)
        computed, alone = np.full((m, n), ABSENT), np.full((m, n), ABSENT)
        published, groups = np.full((m, n), np.nan), np.full(n, None, dtype=object)
        computed[:, at] = grade(engine, bases)
        alone[:, at] = grade(replace(engine, rivals=()), bases)
        published[:, at] = from_ticks(finish(engine, bases)) / result.scheme.total
        if any(each.within == "class" for each in result.scheme.grades):
            groups[at] = classes_of(result.table)
        final = computed
        if self.approved:
            given = self.given(new_approvals)
            final = np.where((given >= 0) & (computed >= 0), given, computed)
        return [
            Standing(*rows, groups) for rows in zip(final, computed, alone, published, strict=True)
        ]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {unit: k for k, unit in enumerate(self.units)}

    # What differs --------------------------------------------------------------------------------

    @property
    def _rules_differ(self) -> bool:
        """Whether the tree, rules, means or treatments differ."""
        old, new = self.before.scheme, self.after.scheme
        if together(old, new, self.matching).get("rules") or _tree(old) != _tree(new):
            return True
        pairs = [(old.indicator(leaf.id), leaf) for leaf in new.leaves]
        return any(_rule(a, b, old) != _rule(b, a, new) for a, b in pairs)

    def _rows_differ(self, part: str) -> np.ndarray:
        """Units that both have, whose own rows differ in a part: bool, over all units."""
        both = set(self.before.table.units) & set(self.after.table.units)
        common = np.array([unit in both for unit in self.units])
        return common & self.cells(part).any(axis=1)

    def cells(self, part: str) -> np.ndarray:
        """Where what stands in the rows differs in a part: bool, units × columns of that part in
        `after`."""
        if part not in self._cells:
            old, new = (self._column_of(part, is_new) for is_new in (False, True))
            self._cells[part] = _unlike(old, new)
        return self._cells[part]

    @cached_property
    def _cells(self) -> dict[str, np.ndarray]:
        return {}

    def _column_of(self, part: str, is_new: bool) -> list[np.ndarray]:
        """What the rows of all units say in a part, in the words of `after`."""
        table = self.rows_of(is_new)
        if part == "data":
            return [getattr(table, name) for name in READ]
        if part == "classes":
            return [np.array([classes_of(table)], dtype=object).T]
        return [getattr(table, "vetoes" if part == "vetoes" else "bonuses")]

    def rows_of(self, is_new: bool) -> Table:
        """All rows of a side in the words of the scheme of `after`."""
        return self._sides[1].table if is_new else self._old_rows

    @cached_property
    def _old_rows(self) -> Table:
        old, new = self._sides
        if old.scheme is new.scheme:
            return old.table
        fine = frozenset(FINE) - {"data", "classes"}
        table = mixture(old, new, self.matching, fine)[1]
        ratio = new.scheme.total / old.scheme.total
        return replace(
            table,
            vetoes=columns_of(old.table.vetoes, old.scheme.vetoes, new.scheme.vetoes),
            bonuses=columns_of(old.table.bonuses, old.scheme.bonuses, new.scheme.bonuses) * ratio,
        )

    def scheme_differs(self, part: str) -> bool:
        """Whether a part differs in the scheme, too, and not in rows alone."""
        old, new = (_contents(result) for result in (self.before, self.after))
        return part in old and old[part] != new[part]

    def rows(self, part: str, others: Iterable[str]) -> Rows:
        """The states of a part row by row, the `others` of the parts being as in `after`."""
        key = (part, frozenset(others))
        if key not in self._rows:
            self._rows[key] = Rows(self, *key)
        return self._rows[key]

    @cached_property
    def _rows(self) -> dict[tuple[str, New], Rows]:
        return {}


class Rows:
    """A part that lives in rows of the table, with some of its rows or cells as they were.

    `differs`, bool (units × columns), says where that is anything else, of the units that are
    there; columns of the data are `leaves`.
    """

    def __init__(self, pair: Undoing, part: str, others: New):
        self.pair, self.part, self.others = pair, part, others
        self.new = others | {part}
        there = pair._new_units(self.new)
        units = set((pair.after if there else pair.before).table.units)
        self.there = np.array([unit in units for unit in pair.units])
        self.differs = self._where() & self.there[:, None]
        self._kept: dict[object, Standing | None] = {}

    def states(self, undone: Sequence[np.ndarray], scheme: bool = True) -> list[Standing | None]:
        """The standings with some cells, bool (units × columns), as they were; `scheme`: whether
        what the scheme says in this part is as it is."""
        asked = [(mask & self.differs, scheme) for mask in undone]
        keys = [(mask.tobytes(), scheme) for mask, _ in asked]
        fresh = {key: mask for key, (mask, _) in zip(keys, asked, strict=True)}
        fresh = {key: mask for key, mask in fresh.items() if key not in self._kept}
        if self.part == "data":
            self._kept |= dict(zip(fresh, self._of_cells(list(fresh.values())), strict=True))
        else:
            self._kept |= {key: self._state(mask, scheme) for key, mask in fresh.items()}
        return [self._kept[key] for key in keys]

    def _of_cells(self, masks: Sequence[np.ndarray]) -> list[Standing | None]:
        """The standings with some cells of the data as they were."""
        cells, pair = self._cells, self.pair
        if cells is None:
            return [None] * len(masks)
        found = cells.bases([mask[self.there] for mask in masks])
        known = [base for base in found if base is not None]
        given: Iterator[Standing] = iter(())
        if known:
            approvals = pair._new_approvals(self.new)
            given = iter(pair.standings(cells.result, np.stack(known), approvals))
        return [None if base is None else next(given) for base in found]

    @cached_property
    def _cells(self) -> Cells | None:
        """The data as they are, to take cells of what they were; None where they cannot be
        assessed."""
        (scheme, table), (_, old) = self._ends
        try:
            return Cells(self.pair._anew(self.new, scheme, table), old)
        except InputError:
            return None

    @property
    def leaves(self) -> list[str]:
        """The leaves of the tree by which the data are scored, by the ids that they have in
        `after` where it continues them."""
        name, scheme = self.pair.joined.get("rules", "rules"), self._ends[0][0]
        if name in self.new or name not in self.pair.parts:
            return [leaf.id for leaf in scheme.leaves]
        now = {old: new for new, old in self.pair.twins.items()}
        return [now.get(leaf.id, leaf.id) for leaf in scheme.leaves]

    def cell(self, u: int, j: int) -> tuple[tuple[int, object], tuple[int, object]]:
        """The status and value of a cell of the data, as it was and as it is."""
        at = int(self.there[:u].sum())
        (_, new), (_, old) = self._ends
        return (int(old.status[at, j]), old.raw[at, j]), (int(new.status[at, j]), new.raw[at, j])

    def _where(self) -> np.ndarray:
        """Where the rows differ, in all units."""
        if self.part != "data":
            return self.pair.cells(self.part)
        old, new = self._values(0, self._ends[0][0]), self._values(1, self._ends[0][0])
        found = np.zeros((len(self.there), old[0].shape[1]), bool)
        found[self.there] = _unlike(old, new)
        return found

    def _state(self, mask: np.ndarray, scheme: bool) -> Standing | None:
        if scheme and not mask.any():
            return self.pair.state(self.new)
        given, table = self._ends[0 if scheme else 1]
        old, new = (self._values(is_new, given) for is_new in (0, 1))
        at = self._in_words_of(mask, given)[self.there]
        mixed = [np.where(at, a, b) for a, b in zip(old, new, strict=True)]
        return self.pair._of(*self._with(given, table, mixed), self.new)

    @cached_property
    def _ends(self) -> tuple[tuple[Scheme, Table], tuple[Scheme, Table]]:
        """The scheme and its data with the part as it is, and as it was."""
        return self.pair._mixture(self.new), self.pair._mixture(self.others)

    def _items(self, scheme: Scheme) -> Sequence[Veto | Bonus]:
        return scheme.vetoes if self.part == "vetoes" else scheme.bonuses

    def _values(self, is_new: int, given: Scheme) -> list[np.ndarray]:
        """What the rows of the units that are there say, in the words of a scheme."""
        if self.part == "data":
            return [getattr(self._ends[1 - is_new][1], name) for name in READ]
        values = [v[self.there] for v in self.pair._column_of(self.part, bool(is_new))]
        if self.part == "classes":
            return values
        last = self.pair.after.scheme
        ratio = 1.0 if self.part == "vetoes" else given.total / last.total
        found = columns_of(values[0], self._items(last), self._items(given))
        return [found if self.part == "vetoes" else found * ratio]

    def _in_words_of(self, mask: np.ndarray, given: Scheme) -> np.ndarray:
        if self.part in ("data", "classes"):
            return mask
        whole = np.any(mask, axis=1, keepdims=True)
        return np.broadcast_to(whole, (len(mask), len(self._items(given))))

    def _with(self, scheme: Scheme, table: Table, values: list[np.ndarray]) -> tuple[Scheme, Table]:
        """A scheme and its data with other values of the part."""
        if self.part == "classes":
            column = values[0][:, 0]
            classes = dict.fromkeys((*scheme.classes, *self.pair.before.scheme.classes))
            covariates = table.covariates.assign(**{"class": column})
            if all(word is None for word in column):
                covariates = covariates.drop(columns="class")
            known = tuple(classes) if scheme.classes else ()
            return scheme.model_copy(update={"classes": known}), replace(
                table, covariates=covariates
            )
        if self.part == "vetoes":
            return scheme, replace(table, vetoes=values[0])
        return scheme, replace(table, bonuses=values[0])


def _unlike(old: Sequence[np.ndarray], new: Sequence[np.ndarray]) -> np.ndarray:
    """Where one of some arrays differs; two NaN are alike."""
    found = np.zeros(old[0].shape, bool)
    for a, b in zip(old, new, strict=True):
        unlike = np.asarray(a != b, bool)
        found |= unlike & ~(np.isnan(a) & np.isnan(b)) if a.dtype.kind == "f" else unlike
    return found


def _contents(result: Assessment) -> dict[str, object]:
    """What a scheme says in each part, rules aside."""
    scheme, total = result.scheme, result.scheme.total
    caps = ("bonus_cap", "deduction_cap", "cap", "floor")
    return {
        "points": [leaf.full_points for leaf in scheme.leaves],
        "cutoffs": (
            total,
            [(g.id, g.by, g.cutoff, g.class_cutoffs) for g in scheme.grades],
            None if result.origin is None else id(result.origin),
        ),
        "rounding": (scheme.rounding, scheme.rank_on, scheme.order.rounding),
        "quotas": [[getattr(grade, name) for name in PLACES] for grade in scheme.grades],
        "vetoes": ([(v.id, v.cap, v.lower) for v in scheme.vetoes], scheme.order.veto),
        "bonus": (
            [(b.id, b.kind) for b in scheme.bonuses],
            [getattr(scheme, name) for name in caps],
            scheme.order.cap,
        ),
    }


def _tree(scheme: Scheme) -> list[object]:
    """The means of the nodes."""
    return [scheme.aggregation, *(node.aggregation for node in scheme.nodes if not node.is_leaf)]


def _rule(leaf: Indicator, other: Indicator, scheme: Scheme) -> list[object]:
    """All that makes a leaf's score beside data and points."""
    own_points = written_for_own_points(leaf, other)
    return [
        leaf.leaf_rule,
        leaf.scales,
        leaf.outliers or NONE,
        None if own_points else leaf.written_for,
        *(treatment_of(scheme, leaf, meaning) for meaning in BLANKS),
    ]

"""实地核查抽取: which units are verified on site, drawn from a public seed so that anybody can
repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

import pandas as pd

from qtoolkit.display import Shown
from qtoolkit.errors import InputError, nearest, whole
from qtoolkit.inputs.unitlist import (
    ITEM,
    SEED,
    UNIT,
    digest,
    distinct,
    list_hash,
    list_text,
    listed,
    listed_text,
    published_hash,
)
from qtoolkit.language import Text, say
from qtoolkit.verification.recipe import recipe


@dataclass(frozen=True, repr=False)
class Draw(Shown):
    """What :func:`draw` returns.

    Attributes
    ----------
    table : DataFrame, indexed by unit in the given order
        stratum ("" without strata), hash (SHA-256 of seed and unit), order (1, 2, … within the
        stratum, by hash), drawn (bool).
    places : DataFrame, indexed by stratum in byte order
        units (n_h), exact (k·n_h/n), places (k_h).
    list_hash : str
        Of the list (:func:`list_hash`), which was published before the seed was known.
    seed : str
        As it is hashed.
    least : int
        Places that each stratum has at least.
    """

    card_title: ClassVar[Text] = Text("实地核查抽取", "A draw for verification")

    table: pd.DataFrame
    places: pd.DataFrame
    list_hash: str
    seed: str
    least: int = field(default=0)

    @property
    def drawn(self) -> list[str]:
        """The units drawn, as they are printed: by stratum in byte order, within it by hash."""
        drawn = self.table[self.table["drawn"]]
        return list(drawn.sort_values(["stratum", "order"]).index)

    @property
    def list_text(self) -> str:
        """The file of the list, which the recipe works on."""
        return list_text(list(self.table.index), self._strata())

    def recipe(self, language: str = "zh") -> str:
        """How to repeat the draw with a shell alone: the list's format and hash, and a script."""
        return recipe(self.list_hash, self.seed, int(self.places["places"].sum()), self.least).of(
            language
        )

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The units drawn, as they are printed."""
        return frame.loc[self.drawn]

    def _strata(self) -> list[str] | None:
        strata = self.table["stratum"].tolist()
        return strata if any(strata) else None


def draw(units: Any, k: int, seed: str, strata: Any = None, *, least: int = 0) -> Draw:
    """Draw k of n units at random, from a seed that is made public after the list was.

    In each stratum those k_h units are drawn whose SHA-256(seed ‖ LF ‖ unit), in UTF-8, is
    smallest. Whoever has the list and the seed gets the same units in any language, and nobody can
    steer the draw while the seed is not yet known; so the hash of the list (`list_hash`) is
    published first, and the seed is something that nobody sets, such as a day's published lottery
    numbers.

    Places go by largest remainder (Hamilton's method): of the exact numbers k·n_h/n first the whole
    parts, then one more where the remainder is largest; of equal remainders the stratum goes first
    whose SHA-256(seed ‖ LF ‖ stratum) is smaller. With `least`, strata whose exact number is below
    min(least, n_h) get that many; the other places are shared among the other strata by their
    numbers of units, anew as long as one of them would get too few. No stratum ever gets more
    places than it has units.

    Parameters
    ----------
    units : sequence of str, or DataFrame or Series with units as index
    k : int
        How many are drawn, 1 to n.
    seed : str
        Any text; NFC and without outer white space, as units and strata are.
    strata : mapping, Series, sequence in the order of the units, or a column of a frame, optional
    least : int
        Places that each stratum has at least (all of its units, where it has fewer).

    Returns
    -------
    Draw

    Raises
    ------
    InputError
        Units, strata or a seed that are blank or no text, or hold tabs, line breaks or control
        characters; units listed twice; k below 1 or above n; more places by `least` than k.

    >>> found = draw(
    ...     ["甲市", "乙市", "丙市", "丁市"], 2, "2026-07-01", ["北", "北", "南", "南"]
    ... )
    >>> found.places["places"].tolist(), len(found.drawn)
    ([1, 1], 2)
    """
    strata_of = listed(units, strata)
    seed = listed_text(seed, SEED)
    n = len(strata_of)
    k = whole("k", k, 1, n)
    least = whole("least", least, 0)
    sizes = dict.fromkeys(sorted(set(strata_of.values())), 0)
    for stratum in strata_of.values():
        sizes[stratum] += 1
    places = shared(sizes, k, least, {stratum: digest(seed, stratum) for stratum in sizes})
    hashes = {unit: digest(seed, unit) for unit in strata_of}
    order: dict[str, int] = {}
    so_far = dict.fromkeys(sizes, 0)
    for unit in sorted(strata_of, key=hashes.__getitem__):
        so_far[strata_of[unit]] += 1
        order[unit] = so_far[strata_of[unit]]
    index = pd.Index(list(strata_of), name="unit")
    table = pd.DataFrame(
        {
            "stratum": list(strata_of.values()),
            "hash": [hashes[unit] for unit in strata_of],
            "order": [order[unit] for unit in strata_of],
            "drawn": [order[unit] <= places[strata_of[unit]] for unit in strata_of],
        },
        index=index,
    )
    by_stratum = pd.DataFrame(
        {
            "units": list(sizes.values()),
            "exact": [float(Fraction(k * size, n)) for size in sizes.values()],
            "places": [places[stratum] for stratum in sizes],
        },
        index=pd.Index(list(sizes), name="stratum"),
    )
    return Draw(table, by_stratum, list_hash(units, strata), seed, least)


def shared(sizes: Mapping[str, int], k: int, least: int, ties: Mapping[str, str]) -> dict[str, int]:
    """Places of each stratum by largest remainder, in whole numbers; `ties` are the texts of which
    the smaller goes first where remainders are equal. See :func:`draw`.

    >>> shared({"a": 5, "b": 3, "c": 2}, 4, 0, {"a": "1", "b": "2", "c": "3"})
    {'a': 2, 'b': 1, 'c': 1}
    """
    least_of = {stratum: min(least, size) for stratum, size in sizes.items()}
    if sum(least_of.values()) > k:
        raise InputError(
            say(
                zh="每层至少{least}家（不足的全抽）共需{needed}家，而只抽{k}家",
                en="at least {least} of each stratum (all, where there are fewer) make "
                "{needed:unit|units}, and k is {k}",
                least=least,
                needed=sum(least_of.values()),
                k=k,
            )
        )
    still, places = dict(sizes), dict(least_of)
    left, total = k, sum(sizes.values())
    while few := [h for h, size in still.items() if left * size < least_of[h] * total]:
        for stratum in few:
            left, total = left - least_of[stratum], total - still.pop(stratum)
    for stratum, size in still.items():
        places[stratum] = left * size // total
    more = left - sum(places[stratum] for stratum in still)
    by_remainder = sorted(still, key=lambda h: (-(left * still[h] % total), ties[h]))
    for stratum in by_remainder[:more]:
        places[stratum] += 1
    return places


@dataclass(frozen=True, repr=False)
class DrawCheck(Shown):
    """What :func:`check` returns.

    Attributes
    ----------
    genuine : bool
        The printed units are those that list, seed and places give, each once, and the list is the
        one whose hash was published (where that is given).
    hash_matches : bool or None
        Whether the list has the published hash; None where none is given.
    table : DataFrame, indexed by unit
        code: not_drawn (printed, and not drawn), not_printed (drawn, and not printed), not_listed
        (printed, and not in the list), twice (printed more than once). Empty where all is right.
    draw : Draw
        What the list, the seed and the places give.
    """

    card_title: ClassVar[Text] = Text("抽取结果的核对", "A check of a draw")
    card_more: ClassVar[tuple[str, ...]] = ("draw",)

    genuine: bool
    hash_matches: bool | None
    table: pd.DataFrame
    draw: Draw = field(repr=False)


def check(
    printed: Iterable[str],
    units: Any,
    k: int,
    seed: str,
    strata: Any = None,
    *,
    least: int = 0,
    list_hash: str | None = None,
) -> DrawCheck:
    """Whether a printed draw is what its list, seed and places give, in whatever order it is
    printed.

    Parameters
    ----------
    printed : sequence of str
        The units that are said to have been drawn.
    units, k, seed, strata, least
        As for :func:`draw`.
    list_hash : str, optional
        What was published before the draw.

    Raises
    ------
    InputError
        As :func:`draw`; printed names that are blank or no text; a `list_hash` that is none.

    >>> units = ["甲市", "乙市", "丙市", "丁市"]
    >>> (
    ...     check(draw(units, 2, "s").drawn, units, 2, "s").genuine,
    ...     check([], units, 2, "s").genuine,
    ... )
    (True, False)
    """
    if isinstance(printed, str) or not isinstance(printed, Iterable):
        raise InputError(
            say(
                zh="printed 应为名称的列表，现为“{found}”",
                en="printed must be a list of names, found “{found}”",
                found=printed,
            )
        )
    names = [listed_text(name, UNIT) for name in printed]
    found = draw(units, k, seed, strata, least=least)
    matches = None if list_hash is None else found.list_hash == published_hash(list_hash)
    drawn, codes = set(found.drawn), {}
    for name in names:
        if name not in found.table.index:
            codes[name] = "not_listed"
        elif name not in drawn:
            codes[name] = "not_drawn"
        elif names.count(name) > 1:
            codes[name] = "twice"
    codes |= {name: "not_printed" for name in found.drawn if name not in names}
    table = pd.DataFrame({"code": list(codes.values())}, index=pd.Index(codes, name="unit"))
    return DrawCheck(not codes and matches is not False, matches, table, found)


def draw_items(
    drawn: Draw | Iterable[str], items: Iterable[str], k: int, seed: str, *, always: Any = ()
) -> pd.DataFrame:
    """重点抽查: which items are looked into at each unit drawn. Those k items are taken whose
    SHA-256(seed ‖ LF ‖ unit ‖ LF ‖ item) is smallest, beside those that are `always` taken.

    Parameters
    ----------
    drawn : Draw, or sequence of str
    items : sequence of str
        Ids or names, from which k are drawn for each unit; those of `always` among them are not
        drawn.
    k : int
        Items drawn for each unit.
    seed : str
    always : sequence of str
        Items taken at every unit.

    Returns
    -------
    DataFrame
        A row for each unit and item: unit, item, hash, always; of each unit first what is always
        taken, then by hash.

    Raises
    ------
    InputError
        Names that are blank, twice there or no text; an item of `always` that is none of `items`;
        k below 1 or more than there are.

    >>> draw_items(["甲市"], ["标准", "计量", "认证"], 1, "s", always=["认证"])[
    ...     "item"
    ... ].tolist()[0]
    '认证'
    """
    units = drawn.drawn if isinstance(drawn, Draw) else distinct(drawn, UNIT)
    names, seed = distinct(items, ITEM), listed_text(seed, SEED)
    always = (
        list(always) if isinstance(always, Iterable) and not isinstance(always, str) else always
    )
    fixed = distinct(always, ITEM) if always != [] else []
    for item in fixed:
        if item not in names:
            raise InputError(
                say(
                    zh="必查项目“{item}”不在核查项目中{hint}",
                    en="“{item}”, which is always taken, is none of the items{hint}",
                    item=item,
                    hint=nearest(item, names),
                )
            )
    free = [item for item in names if item not in fixed]
    k = whole("k", k, 1, len(free))
    rows = []
    for unit in units:
        hashes = {item: digest(seed, unit, item) for item in names}
        taken = [*fixed, *sorted(free, key=hashes.__getitem__)[:k]]
        rows += [(unit, item, hashes[item], item in fixed) for item in taken]
    return pd.DataFrame(rows, columns=["unit", "item", "hash", "always"])

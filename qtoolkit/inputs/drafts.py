"""Rival drafts (备选方案) of a case: other schemes, or other points, lines and quotas, on the same
data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from qtoolkit.display import Card, Shown, sizes
from qtoolkit.errors import Complaint, InputError, Problems, clip, unexpected
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.files import Rows
from qtoolkit.inputs.headers import Headers
from qtoolkit.inputs.numbertext import plain_name
from qtoolkit.inputs.parameters import Alternative
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import Table
from qtoolkit.language import LANGUAGES, Text, listing, say

KEY = "alternatives"
THIS = Text("本方案", "this scheme")
NUMBERED = (
    Text("方案二", "Draft two"),
    Text("方案三", "Draft three"),
    Text("方案四", "Draft four"),
    Text("方案五", "Draft five"),
    Text("方案六", "Draft six"),
)
"""What drafts are called that have no name of their own: the case's scheme is the first."""
LONGEST = 30  # characters of a name, which heads a column


@dataclass(frozen=True, repr=False)
class Draft(Shown):
    """A rival draft: what it is called, its scheme, and the case's data read by it."""

    card_title: ClassVar[Text] = Text("备选方案", "A draft")

    name: Text
    scheme: Scheme
    table: Table

    def card(self) -> Card:
        """What it is called, and its sizes."""
        counts = len(self.table.units), len(self.scheme.leaves)
        return Card(
            self.card_title,
            f"{self.scheme.id}, {counts[0]} units × {counts[1]} indicators",
            [self.name, self.scheme.name, sizes(*counts, self.scheme.total)],
            others=("scheme", "table"),
        )


def draft_role(number: int) -> str:
    """The role of a draft's file among those of a case, drafts counted from 1."""
    return f"{KEY}.{number}"


def names_of(given: Sequence[Alternative]) -> list[Text]:
    """What drafts are called.

    Raises
    ------
    InputError
        Two of one name, one called as the scheme itself, one without a letter, one too long for the
        head of a column.

    >>> [
    ...     name.zh
    ...     for name in names_of([Alternative(scheme="a.yaml"), Alternative(scheme="b.yaml")])
    ... ]
    ['方案二', '方案三']
    """
    names = [
        default if draft.name is None else draft.name
        for draft, default in zip(given, NUMBERED, strict=False)
    ]
    check_names(names, [f"{draft_role(number)}.name" for number in range(1, len(names) + 1)])
    return names


def check_names(names: Sequence[Text], places: Sequence[str]) -> None:
    """Refuse names by which drafts cannot be told apart, or that head no column: each complaint
    names its place. See :func:`names_of`.

    >>> check_names([Text("方案二", "Draft two"), Text("方案三", "Draft three")], ["a", "b"])
    """
    problems, taken = Problems(), {plain_name(THIS.of(word)): THIS for word in LANGUAGES}
    for name, place in zip(names, places, strict=True):
        text = _complaint_of(name, taken)
        if text is not None:
            problems.add(text, column=place)
        taken |= {plain_name(name.of(word)): name for word in LANGUAGES}
    problems.stop()


def _complaint_of(name: Text, taken: dict[str, Text]) -> Text | None:
    """What is wrong with a draft's name, None where nothing is."""
    for word in (name.of(language) for language in LANGUAGES):
        if not plain_name(word) or not word.isprintable() or len(word) > LONGEST:
            want = say(
                zh="不超过{most}个字符的名称",
                en="a name of at most {most} characters",
                most=LONGEST,
            )
            return unexpected(clip(word), want)
        if plain_name(word) in taken:
            return say(
                zh="备选方案的名称“{name}”重复，应与本方案和其他备选方案不同",
                en="another draft, or the scheme itself, is called “{name}” already",
                name=word,
            )
    return None


def read_drafts(
    given: Sequence[Alternative],
    base: Scheme,
    units: Sequence[str],
    scheme_of: Callable[[int], Scheme],
    table_of: Callable[[Scheme], Table],
) -> tuple[Draft, ...]:
    """The drafts of a case, its data read by each.

    Parameters
    ----------
    base : Scheme
        The case's own, with its changes: what a draft without a file of its own changes.
    units : sequence of str
        Those of the case.
    scheme_of : function of a draft's number from 1
        The scheme of its file.
    table_of : function of a scheme
        The case's data, read by it.

    Raises
    ------
    InputError
        Names, see :func:`names_of`; a draft that cannot be read, or whose grades or units are not
        the scheme's: each complaint names the draft.
    """
    problems, found = Problems(), []
    for number, (draft, name) in enumerate(zip(given, names_of(given), strict=True), 1):
        try:
            scheme = base if draft.scheme is None else scheme_of(number)
            scheme = _changed(scheme, draft, number)
            _check_grades(base, scheme)
            table = table_of(scheme)
            _check_units(units, table)
            found.append(Draft(name, scheme, table))
        except InputError as error:
            problems.complaints += [_of_draft(name, number, each) for each in error.complaints]
    problems.stop()
    return tuple(found)


def _changed(scheme: Scheme, draft: Alternative, number: int) -> Scheme:
    """The scheme with a draft's changes; complaints name the key."""
    try:
        return change(scheme, draft.changes)
    except InputError as error:
        place = f"{draft_role(number)}.changes"
        raise InputError(
            [
                replace(each, column=f"{place}.{each.column}" if each.column else place)
                for each in error.complaints
            ]
        ) from None


def _of_draft(name: Text, number: int, complaint: Complaint) -> Complaint:
    """A complaint that says of which draft it is."""
    text = say(
        zh="备选方案“{name}”：{text}", en="draft “{name}”: {text}", name=name, text=complaint.text
    )
    if complaint.file is None and complaint.column is None:
        return Complaint(text, column=draft_role(number))
    return replace(complaint, text=text)


def _check_grades(base: Scheme, scheme: Scheme) -> None:
    """A draft has the grades of the scheme: others cannot be held against them one by one."""
    ids = [[grade.id for grade in each.grades] for each in (base, scheme)]
    if ids[0] != ids[1]:
        want = say(
            zh="与本方案相同的等级（{ids}）",
            en="the grades of this scheme ({ids})",
            ids=listing(ids[0]),
        )
        raise InputError(unexpected(", ".join(ids[1]), want))


def _check_units(units: Sequence[str], table: Table) -> None:
    """A draft assesses the units of the scheme, in its order."""
    if list(table.units) == list(units):
        return
    other = sorted({*units} ^ {*table.units})
    raise InputError(
        say(
            zh="考核对象与本方案不同（{names}），不能并列比较",
            en="it assesses other units than this scheme ({names}), so the two cannot be set side "
            "by side",
            names=listing(other[:3]),
        )
    )


def for_draft(rows: Rows, scheme: Scheme, base: Scheme) -> Rows:
    """The rows of a case's data without the columns that the case's scheme knows and a draft does
    not: those of indicators, vetoes and bonus items that the draft gives up.

    >>> base, other = (Scheme.flat(p, {"A": 0}) for p in ({"a": 60, "b": 40}, {"a": 100}))
    >>> for_draft(Rows("d", ["unit", "a", "b"], [["甲", 1, 2]], [2]), other, base).header
    ['unit', 'a']
    """
    known, own = Headers(base), Headers(scheme)
    kept = [i for i, title in enumerate(rows.header) if own.keys(title) or not known.keys(title)]
    header = [rows.header[i] for i in kept]
    return replace(rows, header=header, rows=[list(_chosen(row, kept)) for row in rows.rows])


def _chosen(row: Sequence[object], kept: Sequence[int]) -> Iterator[object]:
    """Some cells of a row, which may be shorter than the header."""
    return (row[i] for i in kept if i < len(row))

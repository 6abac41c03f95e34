"""Points, cutoffs and quotas written into the text of a scheme.yaml; everything else in it stays,
to the last blank."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from qtoolkit.errors import InputError, WorkError
from qtoolkit.inputs.scheme import Indicator, Scheme
from qtoolkit.inputs.yamltext import compose, parse_yaml
from qtoolkit.language import listing, say
from qtoolkit.models import SUM_TOLERANCE, validate

BOM = "\ufeff"
_LINE_END = re.compile(r"\r\n|\n|\r|\Z")
_ALONE = re.compile(r"[ \t]*,?[ \t]*(\r\n|\n|\r)")
"""What follows the last entry of a line: a comma perhaps, and the end of the line."""
_COLON = re.compile(r"[ \t]*:")
_GAP = re.compile(r"[ \t]*:[ \t]*")
_DIGITS = 10
"""Decimals of an upper level's points, which are a sum: within `SUM_TOLERANCE`."""


def edited(text: str, name: str, scheme: Scheme) -> str:
    """The text of a scheme.yaml with the points, cutoffs and quotas of `scheme` written into it.

    Only the numbers that differ are replaced where they stand. Comments, order, quoting, blank
    lines, line ends and a byte order mark stay as they are.

    Parameters
    ----------
    text : str
        The scheme's text as its file has it: YAML in flow or block style, or JSON.
    name : str
        What complaints call it.
    scheme : Scheme
        What :func:`qtoolkit.inputs.changes.change` or :meth:`Scheme.replace` made of the scheme in
        `text`.

    Returns
    -------
    str
        A text that reads back as `scheme`: the points of every leaf, cutoffs, quotas, and whatever
        rules are written for. Points of an upper level are written only where they stood, as the
        sum of those below to ten decimals. A deduction, or a direct score, that was written for
        other points gets an `out_of`; a new quota stands behind its cutoff, and one that is gone is
        taken out (it becomes null where a comment stands between the entries of one line).

    Raises
    ------
    InputError
        The text is no scheme.
    WorkError
        The text cannot be made to read back as `scheme`, which differs in more than points, cutoffs
        and quotas, or is of another file.

    >>> from qtoolkit.inputs.changes import change
    >>> text = '''id: s
    ... name: 方案  # the name
    ... indicators:
    ...   - {id: a, name: 甲, points: 60, rule: {kind: share}}  # 60 of 100
    ...   - {id: b, name: 乙, points: 40, rule: {kind: share}}
    ... grades: [{id: A, cutoff: 90}, {id: B, cutoff: 0}]
    ... '''
    >>> scheme = validate(Scheme, parse_yaml(text, "s").data, "s")
    >>> print(edited(text, "s", change(scheme, {"points.a": 70, "grades.A.quota": 3})), end="")
    id: s
    name: 方案  # the name
    indicators:
      - {id: a, name: 甲, points: 70, rule: {kind: share}}  # 60 of 100
      - {id: b, name: 乙, points: 30, rule: {kind: share}}
    grades: [{id: A, cutoff: 90, quota: 3}, {id: B, cutoff: 0}]
    """
    body = text.lstrip(BOM)
    old = _read(body, name)
    root = compose(body, name)
    if not isinstance(root, MappingNode) or _ids(old) != _ids(scheme):
        raise _other_scheme(name, ["indicators", "grades"])
    editor = _Editor(body)
    _edit_indicators(editor, root, "indicators", old, scheme)
    for node, before in zip(_items(root, "grades"), old.grades, strict=True):
        after = scheme.grade(before.id)
        if after.cutoff is not None and after.cutoff != before.cutoff:
            editor.replace(node, "cutoff", plain_number(after.cutoff))
        if after.by != before.by:
            editor.replace(node, "by", after.by)
        if after.quota is None and before.quota is not None:
            editor.remove(node, "quota")
        elif after.quota is not None and after.quota != before.quota:
            beside = "cutoff" if before.has_line else "by"
            editor.put(node, "quota", plain_number(after.quota), beside=beside)
    new = editor.text()
    check_reads_back(new, name, scheme)
    return text[: len(text) - len(body)] + new


def plain_number(number: float) -> str:
    """A number as the shortest plain decimal that reads back equal.

    >>> plain_number(5.0), plain_number(4.5), plain_number(1e-05)
    ('5', '4.5', '0.00001')
    """
    if number == int(number):
        return str(int(number))
    return f"{Decimal(repr(float(number))):f}"


def _read(text: str, name: str) -> Scheme:
    document = parse_yaml(text, name)
    return validate(Scheme, document.data, document.name, document.line)


def _ids(scheme: Scheme) -> tuple[list[str], list[str]]:
    return [node.id for node in scheme.nodes], [grade.id for grade in scheme.grades]


def _edit_indicators(
    editor: _Editor, above: MappingNode, key: str, old: Scheme, scheme: Scheme
) -> None:
    """Write the points of the indicators in a list, and of all below them."""
    for node in _items(above, key):
        id = _value(node, "id")
        before, after = old.indicator(id), scheme.indicator(id)
        if before.is_leaf:
            _edit_leaf(editor, node, before, after)
            continue
        moved = abs(before.full_points - after.full_points) > SUM_TOLERANCE
        if moved and _value(node, "points") is not None:
            editor.replace(node, "points", plain_number(float(f"{after.full_points:.{_DIGITS}f}")))
        _edit_indicators(editor, node, "children", old, scheme)


def _edit_leaf(editor: _Editor, node: MappingNode, before: Indicator, after: Indicator) -> None:
    """Write a leaf's points and, where its rule's points are written for others, what they are out
    of."""
    if after.full_points != before.full_points:
        editor.replace(node, "points", plain_number(after.full_points))
    if is_written_for_points(after):
        would_be = before.leaf_rule.full_marks() or before.out_of or after.full_points
        if would_be != after.written_for:
            editor.put(node, "out_of", plain_number(after.written_for), beside="points")


def is_written_for_points(leaf: Indicator) -> bool:
    """Whether a leaf's rule has points of its own (deductions, direct scores, or a share's loss
    that does not grow with the leaf's points), so that it matters what they are out of."""
    return leaf.leaf_rule.in_points or not leaf.scales


def check_reads_back(text: str, name: str, scheme: Scheme) -> None:
    """Refuse a text that does not read back as the scheme, with a `WorkError`."""
    try:
        found = _facts(_read(text, name))
    except InputError as error:
        raise _other_scheme(name, [str(c.column or c.row) for c in error.complaints]) from None
    wanted = _facts(scheme)
    if differing := [key for key in wanted if found[key] != wanted[key]]:
        raise _other_scheme(name, differing)


def _facts(scheme: Scheme) -> dict[str, Any]:
    """All that a scheme says; points of upper levels are those of the leaves."""

    def facts_of(node: Indicator) -> dict[str, Any]:
        data = node.model_dump(exclude={"children", "out_of"})
        if not node.is_leaf:
            del data["points"]
        elif is_written_for_points(node):
            data["written_for"] = node.written_for
        return data | {"children": [facts_of(child) for child in node.children]}

    return scheme.model_dump() | {"indicators": [facts_of(node) for node in scheme.indicators]}


def _other_scheme(name: str, differing: list[str]) -> WorkError:
    return WorkError(
        say(
            zh="{name}：原文件中只能改写分值、分数线和名额；改写后{what}与所要的方案不一致，没有写出",
            en="{name}: only points, cutoffs and quotas can be written into a file; {what} would "
            "not be as in the scheme, so nothing was written",
            name=name,
            what=listing(dict.fromkeys(differing)),
        )
    )


def _entry(mapping: MappingNode, key: str) -> tuple[ScalarNode, Node] | None:
    """The nodes of a key and of its value."""
    return next((pair for pair in mapping.value if pair[0].value == key), None)


def _there(mapping: MappingNode, key: str) -> tuple[ScalarNode, Node]:
    """The nodes of a key that a valid scheme has, and of its value."""
    entry = _entry(mapping, key)
    if entry is None:
        raise KeyError(key)
    return entry


def _value(mapping: MappingNode, key: str) -> Any:
    """The text of a key's scalar; None where there is none, or a null."""
    entry = _entry(mapping, key)
    if entry is None or str(entry[1].tag).endswith(":null"):
        return None
    return entry[1].value


def _items(mapping: MappingNode, key: str) -> list[MappingNode]:
    """The mappings in a list."""
    return list(_there(mapping, key)[1].value)


class _Editor:
    """Places of a text, and what is to stand there instead."""

    def __init__(self, text: str):
        self.before = text
        self.edits: list[tuple[int, int, str]] = []

    def text(self) -> str:
        """The text with all edits, made from its end to its beginning."""
        after = self.before
        for start, end, new in sorted(self.edits, reverse=True):
            after = after[:start] + new + after[end:]
        return after

    def put(self, mapping: MappingNode, key: str, number: str, beside: str) -> None:
        """Give a key a number; where it is not there, behind another key."""
        if _entry(mapping, key) is not None:
            self.replace(mapping, key, number)
        else:
            self._insert(mapping, key, number, beside)

    def replace(self, mapping: MappingNode, key: str, new: str) -> None:
        """Write another scalar for a key."""
        name, value = _there(mapping, key)
        start, end = value.start_mark.index, value.end_mark.index
        if start == end:  # nothing is written, which means null; its mark may be lines below
            colon = _COLON.match(self.before, name.end_mark.index)
            start = end = name.end_mark.index if colon is None else colon.end()
            new = f": {new}" if colon is None else f" {new}"
        self.edits.append((start, end, new))

    def _insert(self, mapping: MappingNode, key: str, number: str, beside: str) -> None:
        """Write a new entry behind another one, in its style."""
        name, value = _there(mapping, beside)
        first, end = name.start_mark.index, value.end_mark.index
        gap = self.before[name.end_mark.index : value.start_mark.index]
        gap = gap if _GAP.fullmatch(gap) else ": "
        quote = name.style if name.style in ("'", '"') else ""
        entry = f"{quote}{key}{quote}{gap}{number}"
        if not mapping.flow_style:
            at, line_end = self._line_end(end)
            margin = " " * mapping.start_mark.column
            self.edits.append((at, at, f"{line_end}{margin}{entry}"))
            return
        margin = self.before[self._line_start(first) : first]
        alone = _ALONE.match(self.before, end)
        if alone is not None and not margin.strip():
            comma = f",{alone[1]}{margin}"
        else:
            comma = ", " if gap[-1:].isspace() else ","
        self.edits.append((end, end, comma + entry))

    def remove(self, mapping: MappingNode, key: str) -> None:
        """Take out an entry that holds a scalar; a comment beside it stays. Where that cannot be,
        it becomes null."""
        place = next(i for i, (name, _) in enumerate(mapping.value) if name.value == key)
        name, value = mapping.value[place]
        gap = self.before[name.end_mark.index : value.start_mark.index]
        own = self._own_line if not mapping.flow_style else self._own_share
        edit = own(mapping, place) if _GAP.fullmatch(gap) else None
        if edit is None:
            self.replace(mapping, key, "null")
        else:
            self.edits.append(edit)

    def _own_share(self, mapping: MappingNode, place: int) -> tuple[int, int, str] | None:
        """What takes an entry and one comma out of a mapping in braces; None where a comment stands
        beside the comma."""
        start, end = self._span(mapping, place)
        before, after = place - 1, place + 1
        if before >= 0:
            comma = self._span(mapping, before)[1]
            if self.before[comma:start].strip() == ",":
                return comma, end, ""
        if after < len(mapping.value):
            follows = self._span(mapping, after)[0]
            if self.before[end:follows].strip() == ",":
                return start, follows, ""
        return None

    def _own_line(self, mapping: MappingNode, place: int) -> tuple[int, int, str] | None:
        """What takes an entry in block style out with its line; a comment behind it stays on a line
        of its own, and the mark of a list before it goes to the next entry. None where it
        cannot."""
        start, end = self._span(mapping, place)
        line = self._line_start(start)
        at, line_end = self._line_end(end)
        if not self.before[line:start].strip():
            if comment := self.before[end:at].lstrip():
                return start, at, comment
            return line, min(at + len(line_end), len(self.before)), ""
        if place + 1 < len(mapping.value):
            follows = self._span(mapping, place + 1)[0]
            if not self.before[end:follows].strip():
                return start, follows, ""
        return None

    def _span(self, mapping: MappingNode, place: int) -> tuple[int, int]:
        """Where an entry begins and where it ends."""
        name, value = mapping.value[place]
        return name.start_mark.index, value.end_mark.index

    def _line_start(self, at: int) -> int:
        """Where the line begins in which a place is."""
        return max(self.before.rfind("\n", 0, at), self.before.rfind("\r", 0, at)) + 1

    def _line_end(self, at: int) -> tuple[int, str]:
        """Where a place's line ends, and how; the last line as the first one."""
        found = _LINE_END.search(self.before, at)
        if found is None or not found[0]:
            first = _LINE_END.search(self.before)
            return len(self.before), (first[0] if first is not None else "") or "\n"
        return found.start(), found[0]

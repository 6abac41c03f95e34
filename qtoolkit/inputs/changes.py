"""A scheme with some choices made otherwise: points, cutoffs and quotas, and the choices of method,
each by a key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

from qtoolkit.errors import Complaint, InputError, nearest
from qtoolkit.inputs.consistency import no_last_quota, no_line
from qtoolkit.inputs.naming import Called, CalledGrades, keyed, twice
from qtoolkit.inputs.scheme import PLACED, Aggregation, Order, Rounding, Scheme, Spread
from qtoolkit.inputs.spread import dropped
from qtoolkit.inputs.treatments import Outliers, Treatment
from qtoolkit.language import Text, say
from qtoolkit.models import Model, NewQuota, validate
from qtoolkit.rules import RULES, Rule
from qtoolkit.rules.base import LeafRule

AS_IS = "scheme"  # an alternative: as the scheme has it
NUMBERS = ("points", "cutoffs")
MEANINGS = ("not_applicable", "not_reported", "pending", "new")
GRADES = "grades"
OF_GRADES = ("cutoffs", GRADES)
OF_NODES = ("aggregation", "rule", "outliers")  # of some of the indicators alone
NAMING: Mapping[str, Callable[[Scheme], Called]] = {
    "points": lambda scheme: Called(scheme.nodes),
    "cutoffs": lambda scheme: CalledGrades(scheme.grades),
    GRADES: lambda scheme: CalledGrades(scheme.grades),
    "aggregation": lambda scheme: Called(node for node in scheme.nodes if not node.is_leaf),
    "rule": lambda scheme: Called(scheme.leaves),
    "outliers": lambda scheme: Called(scheme.leaves),
}
"""Of which indicators or grades a key names one, by its first word."""


def keys_of(scheme: Scheme) -> list[str]:
    """All keys of :func:`change`."""
    leaves = [leaf.id for leaf in scheme.leaves]
    inner = [node.id for node in scheme.nodes if not node.is_leaf]
    return [
        "points",
        *(f"points.{node.id}" for node in scheme.nodes),
        "drop",
        "cutoffs",
        *(f"cutoffs.{grade.id}" for grade in scheme.grades[:-1] if grade.has_line),
        *(quota_key(grade.id) for grade in scheme.grades[:-1]),
        "aggregation",
        *(f"aggregation.{id}" for id in ("total", *inner)),
        "rule",
        *(f"rule.{id}" for id in leaves),
        "outliers",
        *(f"outliers.{id}" for id in leaves),
        *(f"missing.{meaning}" for meaning in MEANINGS),
        *(f"rounding.{stage}" for stage in ("leaf", "node", "total")),
        *(f"order.{switch}" for switch in Order.model_fields),
        "rank_on",
    ]


def check_keys(scheme: Scheme, keys: Iterable[str]) -> dict[str, str]:
    """The keys by ids; refuse those that :func:`change` does not know, with the nearest known
    one."""
    found = keys_by_id(scheme, keys)
    _refuse_unknown(scheme, found)
    return found


def _refuse_unknown(scheme: Scheme, keys: Mapping[str, str]) -> None:
    """Refuse keys, by what was typed, that are none."""
    known = keys_of(scheme)
    complaints = [
        Complaint(_unknown(scheme, key), column=typed)
        for typed, key in keys.items()
        if key not in known
    ]
    if complaints:
        raise InputError(complaints)


def keys_by_id(scheme: Scheme, keys: Iterable[str], over: Collection[str] = ()) -> dict[str, str]:
    """Keys as they are typed, with indicators and grades by id or by name, and the keys with ids
    that they mean.

    A key of `over` takes the place of one that means the same and is not of them. Keys in which
    nothing is named are as they are, known or not.

    Raises
    ------
    InputError
        A name that nothing has, with the nearest key; one that several have; and two keys that mean
        the same.
    """
    names = _Names(scheme)
    typed: dict[str, str] = {}
    complaints: list[Complaint] = []
    for key in keys:
        try:
            id = names.key(key)
        except InputError as error:
            complaints += error.complaints
            continue
        first = typed.setdefault(id, key)
        if key in over and first not in over:
            typed[id] = key
        elif first != key and (first in over) == (key in over):
            complaints.append(Complaint(twice(key, first), column=key))
    if complaints:
        raise InputError(complaints)
    return {key: id for id, key in typed.items()}


def by_ids(
    scheme: Scheme, changes: Mapping[str, Any], over: Collection[str] = ()
) -> dict[str, Any]:
    """Changes with ids in the place of names, in their keys, as the indicator that is dropped and
    in numbers by name; see :func:`keys_by_id`.

    >>> scheme = Scheme.flat({"brand": 60, "b": 40}, {"A": 90, "B": 0})
    >>> by_ids(scheme, {"points.Brand": 70, "grades.A级.quota": 3})
    {'points.brand': 70, 'grades.A.quota': 3}
    """
    return _values_by_id(scheme, keys_by_id(scheme, changes, over), changes)


def _values_by_id(
    scheme: Scheme, keys: Mapping[str, str], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Changes with ids; `keys` are those with ids, by the keys as they are typed."""
    return {id: _value_by_id(scheme, id, key, changes[key]) for key, id in keys.items()}


class _Names:
    """What keys may call the indicators and grades of a scheme."""

    def __init__(self, scheme: Scheme):
        self._scheme = scheme
        indicators, grades = (
            {part.id for part in parts} for parts in (scheme.nodes, scheme.grades)
        )
        self._ids = {kind: grades if kind in OF_GRADES else indicators for kind in NAMING}
        self._ids["aggregation"] = {*indicators, "total"}
        self._called: dict[str, Called] = {}

    def key(self, key: str) -> str:
        """A key with ids."""
        kind, _, rest = key.partition(".")
        name = quota_of(key) if kind == GRADES else rest
        if kind not in NAMING or not name or name in self._ids[kind]:
            return key
        called = self.called(kind)
        ids = called.ids(name)
        if len(ids) == 1:
            return _key(kind, ids[0])
        is_elsewhere = kind in OF_NODES and not ids and self.called("points").ids(name)
        text = None if is_elsewhere else called.complaint(name)
        raise InputError(Complaint(text or _unknown(self._scheme, key), column=key))

    def called(self, kind: str) -> Called:
        """What may stand behind the first word of a key."""
        if kind not in self._called:
            self._called[kind] = NAMING[kind](self._scheme)
        return self._called[kind]

    @property
    def known(self) -> list[str]:
        """All keys, by ids and by names."""
        keys = keys_of(self._scheme)
        named = [
            _key(kind, name)
            for kind in NAMING
            for name in self.called(kind).known
            if any(_key(kind, id) in keys for id in self.called(kind).ids(name))
        ]
        return [*keys, *named]


def _key(kind: str, name: str) -> str:
    return quota_key(name) if kind == GRADES else f"{kind}.{name}"


def _value_by_id(scheme: Scheme, id: str, key: str, value: Any) -> Any:
    """A change's value with ids; `key` is the change's as it is typed."""
    try:
        if id in NUMBERS and isinstance(value, Mapping):
            return (
                keyed(scheme.nodes, value, Called)
                if id == "points"
                else keyed(scheme.grades, value, CalledGrades)
            )
        if id == "drop" and isinstance(value, str) and value != AS_IS:
            return next(iter(keyed(scheme.nodes, {value: None}, Called)))
    except InputError as error:
        raise InputError([replace(each, column=key) for each in error.complaints]) from None
    return value


def _unknown(scheme: Scheme, key: str) -> Text:
    """Why there is no such key."""
    if key == quota_key(scheme.grades[-1].id):
        return no_last_quota(scheme)
    kind, _, id = key.partition(".")
    lineless = [grade for grade in scheme.grades[:-1] if not grade.has_line and grade.id == id]
    if kind == "cutoffs" and lineless:
        return no_line(lineless[0])
    hint = nearest(key, _Names(scheme).known)
    return say(zh="没有这一项{hint}", en="no such choice{hint}", hint=hint)


def quota_key(grade: str) -> str:
    """The key of a grade's quota."""
    return f"grades.{grade}.quota"


def quota_of(key: str) -> str | None:
    """The grade whose quota a key is of; None for other keys.

    >>> quota_of("grades.A.quota"), quota_of("cutoffs.A")
    ('A', None)
    """
    kind, _, rest = key.partition(".")
    grade, _, field = rest.rpartition(".")
    return grade if kind == "grades" and field == "quota" else None


def touches_points(key: str) -> bool:
    """Whether a key changes points alone."""
    return key == "drop" or key.partition(".")[0] == "points"


def change(
    scheme: Scheme,
    changes: Mapping[str, Any],
    spread: Spread = "siblings",
    over: Collection[str] = (),
) -> Scheme:
    """The scheme after changes; the value "scheme" leaves a choice as it is.

    Parameters
    ----------
    scheme : Scheme
    changes : mapping
        Indicators and grades stand in it by id, or by name where one alone has it.
        points.<indicator> or cutoffs.<grade>: a number; points or cutoffs: a mapping of them (an
        expert's points for all leaves stand as they are, others are shared out as `spread` says).
        grades.<grade>.quota: a whole number of at least 1 is places (3.0 is 3), a number above 0
        and below 1 a share of the units, None no quota. A grade that goes by place or by share then
        goes by what is given, and cannot be without.
        drop: an indicator whose points go to its siblings, or None. aggregation, aggregation.<node>
        or aggregation.total: a mean by name or order. rule or rule.<leaf>: a kind of rule, or the
        rule; for all leaves of numbers where no leaf is named, each with its own direction.
        outliers, outliers.<leaf>: {low, high, log} or None. missing.<meaning>: what such blanks
        give, on every leaf. rounding.leaf, .node, .total: decimals, {decimals, mode} or None.
        order.<switch>, rank_on: as in the scheme.
    over : keys, optional
        Those that take the place of others that mean the same.

    Raises
    ------
    InputError
        Unknown keys (with the nearest known one), names that several have, a thing given by id and
        by name, and values that the scheme cannot take.

    >>> scheme = Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    >>> change(scheme, {"aggregation": "geometric", "points.a": 70}).leaves[1].points
    30.0
    >>> change(scheme, {"grades.A.quota": 3}).grades[0].quota
    3
    """
    keys = keys_by_id(scheme, changes, over)
    named = _values_by_id(scheme, keys, changes)
    try:
        return _changed(scheme, named, spread)
    except InputError as error:
        raise InputError([_as_typed(scheme, each, keys) for each in error.complaints]) from None


def _as_typed(scheme: Scheme, complaint: Complaint, keys: Mapping[str, str]) -> Complaint:
    """A complaint that names the key as it was typed; `keys` are those with ids by what was
    typed."""
    column = complaint.column or ""
    for key, id in keys.items():
        if id != key and f"{column}.".startswith(f"{id}."):
            return replace(complaint, column=key + column.removeprefix(id))
    cutoffs = _cutoffs_at(scheme, column)
    typed = [key for cutoff in cutoffs for key, id in keys.items() if id in (cutoff, "cutoffs")]
    return replace(complaint, column=typed[0]) if typed else complaint


def _cutoffs_at(scheme: Scheme, column: str) -> list[str]:
    """The keys of the cutoffs that a place of the scheme is about: the grade's own, and that of the
    grade above, which it must stay below."""
    kind, _, rest = column.partition(".")
    grade, _, field = rest.rpartition(".")
    ids = [each.id for each in scheme.grades]
    if (kind, field) != ("grades", "cutoff") or grade not in ids:
        return []
    at = ids.index(grade)
    return [f"cutoffs.{id}" for id in reversed(ids[max(at - 1, 0) : at + 1])]


def _changed(scheme: Scheme, changes: Mapping[str, Any], spread: Spread) -> Scheme:
    """The scheme after changes by ids."""
    numbers: dict[str, dict[str, Any]] = {"points": {}, "cutoffs": {}}
    update: dict[str, Any] = {}
    for key, value in sorted(changes.items()):  # a whole kind first, then what is named singly
        if isinstance(value, str) and value == AS_IS:
            continue
        kind, _, id = key.partition(".")
        if kind in NUMBERS and id:
            numbers[kind][id] = value
        elif kind in NUMBERS:
            if not isinstance(value, Mapping):
                raise _complaint(
                    key,
                    say(zh="应为各项数值（键: 值）", en="expected numbers by name (key: value)"),
                )
            numbers[kind] |= value
        elif key != "drop":
            _structural(scheme, key, value, update)
    if update:
        scheme = validate(Scheme, scheme.model_dump() | update, None)
    whole = {leaf.id for leaf in scheme.leaves} == set(numbers["points"])
    if any(numbers.values()):
        scheme = scheme.replace(**numbers, spread="none" if whole else spread)
    if changes.get("drop") in (None, AS_IS):
        return scheme
    points = dropped(scheme, scheme.indicator(changes["drop"])).tolist()
    return scheme.replace(
        points={leaf.id: p for leaf, p in zip(scheme.leaves, points, strict=True)}
    )


def _structural(scheme: Scheme, key: str, value: Any, update: dict[str, Any]) -> None:
    """Add to the scheme's new data what one choice of method changes."""
    _refuse_unknown(scheme, {key: key})
    edit = _edit_of(key, value)
    if edit is not None:
        nodes = update.get("indicators") or [node.model_dump() for node in scheme.indicators]
        update["indicators"] = [_edited(node, edit) for node in nodes]
    update |= _settings_of(scheme, key, value, update)


Edit = Callable[[dict[str, Any]], dict[str, Any]]


def _edit_of(key: str, value: Any) -> Edit | None:
    """What a choice changes in each indicator; None where it changes none."""
    kind, _, id = key.partition(".")
    if kind == "aggregation":
        mean = _checked(key, Aggregation, value)
        return lambda node: (
            {"aggregation": mean} if not _is_leaf(node) and id in ("", node["id"]) else {}
        )
    if kind == "rule":
        is_named = isinstance(value, str)
        return lambda node: _rule(key, node, value, is_named) if _takes(node, id) else {}
    if kind == "outliers":
        treatment = _checked(key, Outliers | None, value)
        return lambda node: {"outliers": treatment} if _takes(node, id) else {}
    if kind == "missing":
        return lambda node: {"missing": node["missing"] | {id: None}}
    return None


def _settings_of(scheme: Scheme, key: str, value: Any, update: Mapping[str, Any]) -> dict[str, Any]:
    """What a choice changes in the scheme's own keys, beside what `update` has changed already."""
    kind, _, id = key.partition(".")

    def with_choice(choice: Any) -> dict[str, Any]:
        return {kind: {**getattr(scheme, kind).model_dump(), **update.get(kind, {}), id: choice}}

    if kind == "aggregation":
        return {kind: _checked(key, Aggregation, value)} if id in ("", "total") else {}
    if kind == "missing":
        return with_choice(_checked(key, Treatment, value))
    if kind == "rounding":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        decimals = {"decimals": int(value)} if is_number and value == int(value) else value
        return with_choice(_checked(key, Rounding | None, decimals))
    if kind == "order":
        return with_choice(_checked(key, Order.model_fields[id].annotation, value))
    if kind == "grades":
        quota = _checked(key, NewQuota, value)
        grades = update.get(kind) or [grade.model_dump() for grade in scheme.grades]
        named = quota_of(key)
        return {kind: [g | (_with_quota(g, quota) if g["id"] == named else {}) for g in grades]}
    if kind == "rank_on":
        return {kind: _checked(key, Scheme.model_fields[kind].annotation, value)}
    return {}


def _with_quota(grade: Mapping[str, Any], quota: float | None) -> dict[str, Any]:
    """What a new quota changes in a grade: one that goes by place goes by share with a share, and
    the other way round."""
    if grade["by"] not in PLACED or quota is None:
        return {"quota": quota}
    return {"quota": quota, "by": "share" if quota < 1 else "place"}


def _edited(node: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """An indicator's data with `edit` merged in, and all below it."""
    return node | edit(node) | {"children": [_edited(child, edit) for child in node["children"]]}


def _is_leaf(node: Mapping[str, Any]) -> bool:
    return node["rule"] is not None


def _takes(node: Mapping[str, Any], id: str) -> bool:
    """Whether a rule or a treatment of outliers goes to this indicator: the one named, or every
    leaf of numbers."""
    return _is_leaf(node) and (
        node["id"] == id or (id == "" and not RULES[node["rule"]["kind"]].is_of_words)
    )


def _rule(key: str, node: Mapping[str, Any], value: Any, named: bool) -> dict[str, Any]:
    """A leaf's new rule; given by its kind alone it keeps the leaf's direction. Marks by rule are
    shares: they scale."""
    fields = {"kind": value} if named else dict(value) if isinstance(value, Mapping) else value
    if isinstance(fields, dict) and "direction" not in fields:
        kind = RULES.get(fields.get("kind", ""))
        if kind is not None and kind.has_direction():
            fields["direction"] = _model_of(node["rule"]).better
    rule = _checked(key, Rule, fields)
    scales = node["scales"] if RULES[rule["kind"]].in_points else True
    return {"rule": rule, "scales": scales, "out_of": node["out_of"] or node["points"] or None}


def _model_of(rule: Mapping[str, Any]) -> LeafRule:
    """A rule from a scheme's data, which were checked before."""
    return RULES[rule["kind"]].model_validate(rule)


@cache
def _model(kind: Any) -> Any:
    return create_model("Alternative", __base__=Model, value=(kind, ...))


def _checked(key: str, kind: Any, value: Any) -> Any:
    """A value as the field's own type says, as plain data."""
    try:
        validated = validate(_model(kind), {"value": value}, None).value
    except InputError as error:
        first = error.complaints[0]  # of a union's members each complains: the first says it best
        parts = [
            part
            for part in (first.column or "").split(".")[1:]
            if part.isidentifier() and part != "literal"
        ]
        raise _complaint(".".join([key, *parts]), first.text) from None
    return validated.model_dump() if isinstance(validated, BaseModel) else validated


def _complaint(key: str, text: Any) -> InputError:
    return InputError(Complaint(text, column=key))

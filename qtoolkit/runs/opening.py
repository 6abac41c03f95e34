"""`qt.open`: a notebook's parameters checked, its case read and assessed, what was read shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtoolkit import display, regions, weighting
from qtoolkit.assessment import Assessment, assess
from qtoolkit.errors import Complaint, InputError, clip, nearest, one_of, unexpected
from qtoolkit.inputs.case import Case, read_case
from qtoolkit.inputs.changes import keys_by_id, quota_of
from qtoolkit.inputs.parameters import CORE
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.language import LANGUAGES, Text, listing, same, say
from qtoolkit.runs import interactive
from qtoolkit.runs.knobs import OTHERS, RANGES, complaint_of

OPENED = Text("已读取的案例", "The case that was read")
PARAMETERS = (*sorted(CORE - {"notebooks"}), *RANGES, *OTHERS)
INJECTED = "# Parameters"  # the first line of a cell that papermill writes


def open(
    case: str | Path | Mapping[str, Any] | None = None,
    *,
    scheme: str | Path | None = None,
    data: str | Path | None = None,
    previous: str | Path | None = None,
    ratings: str | Path | None = None,
    changes: Mapping[str, float | None] | None = None,
    alternatives: Sequence[Any] = (),
    language: str = "zh",
    **knobs: Any,
) -> tuple[Case, Assessment]:
    """Read and assess a notebook's case, its parameters checked first.

    In a notebook what was read is shown: files, sizes, changes, whether the data are synthetic.
    From then on errors are sentences without a traceback, and cards are in `language`.

    Parameters
    ----------
    case, scheme, data, previous, ratings, changes, alternatives
        See :func:`qtoolkit.read_case`. In a notebook `case` is `globals()`: all parameters that it
        declares are taken from there, and parameters of one's own are given by name beside it.
    language : "zh" or "en"
    **knobs
        All other parameters of the notebook, by name.

    Returns
    -------
    (Case, Assessment)

    Raises
    ------
    InputError
        What a parameter may not be, each with what is expected; a name in the notebook's cell of
        parameters that none of these is, with the nearest of them.

    >>> import qtoolkit as qt
    >>> case, result = qt.open("tai-2001", weight_band=0.1)
    >>> result.scheme.total
    100.0
    >>> try:
    ...     qt.open("tai-2001", weight_band="10%")
    ... except qt.InputError as error:
    ...     print(error.sentences("en")[0].partition("expected ")[2])
    a number of at least 0 and at most 1, without quotation marks: 0.1
    """
    if isinstance(case, Mapping):
        declared = {name: case[name] for name in PARAMETERS if name in case}
        return open(**(declared | knobs))
    shell = interactive.shell()
    if shell is not None:
        interactive.load_ipython_extension(shell)
    given = {"scheme": scheme, "data": data, "previous": previous, "ratings": ratings}
    if language in LANGUAGES:  # complaints are in the language asked for
        display.speak(language)
    _check(given, language, knobs, shell)
    found = read_case(case, **given, changes=changes, alternatives=alternatives)
    result = assess(found.scheme, found.table)
    regions.read(knobs.get("region"), result)
    weighting.read_judgements(knobs.get("judgements"), found.scheme)
    if shell is not None:
        _show(found, given if case is None else {"case": case}, changes or {}, language)
    return found, result


def _check(given: Mapping[str, Any], language: Any, knobs: Mapping[str, Any], shell: Any) -> None:
    """Refuse parameters that no notebook of ours could go on with."""
    complaints = []
    if language not in LANGUAGES:  # nobody knows which one the user reads
        wrong = unexpected(language, one_of(LANGUAGES))
        both = same(f"{wrong.zh}（{wrong.en}）")
        complaints.append(Complaint(both, column="language"))
    for key, value in knobs.items():
        text = complaint_of(key, value) if key in RANGES else None
        if text is not None:
            complaints.append(Complaint(text, column=key))
    known = {*CORE, *given, *knobs}
    for name in _stray(known, shell):
        hint = nearest(name, {*known, *PARAMETERS})
        text = say(
            zh="没有这个参数{hint}",
            en="unknown parameter{hint}",
            hint=hint if hint.en else _by_name(name),
        )
        complaints.append(Complaint(text, column=name))
    if complaints:
        raise InputError(complaints)


def _by_name(name: str) -> Text:
    """How a parameter of one's own is made known."""
    return say(
        zh="；自己的参数请写成 {call}",
        en="; make a parameter of your own known by {call}",
        call=f"qt.open(globals(), {name}={name})",
    )


def _stray(known: set[str], shell: Any) -> Iterator[str]:
    """Names that the notebook's cell of parameters, or the one that was injected behind it, gives a
    value to, and that are none of its parameters."""
    if shell is None:
        return
    assigning = [
        (source, names)
        for source in shell.user_ns.get("In", [])[:-1]
        if known & (names := set(_assigned(source)))
    ]
    last = assigning[-1:]
    if last and last[0][0].startswith(INJECTED):
        last = assigning[-2:]
    for _, names in last:
        yield from sorted(names - known)


def _assigned(source: str) -> Iterator[str]:
    """The names to which a cell gives values at its top level."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return
    for statement in statements:
        if isinstance(statement, ast.Assign):
            yield from (name.id for name in statement.targets if isinstance(name, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id


ROLES = {
    "case": Text("案例", "Case"),
    "scheme": Text("方案", "Scheme"),
    "data": Text("数据", "Data"),
    "previous": Text("上年度", "Last year"),
    "ratings": Text("评分", "Ratings"),
}


def _show(case: Case, given: Mapping[str, Any], changes: Mapping[str, Any], language: str) -> None:
    """Show what was read, by the names that were given."""
    from IPython.display import HTML
    from IPython.display import display as put

    scheme = case.scheme
    facts = [
        scheme.name,
        *(
            say(
                zh="{role}：{path}",
                en="{role}: {path}",
                role=ROLES[key],
                path=Path(path).as_posix(),
            )
            for key, path in given.items()
            if path is not None
        ),
        display.sizes(len(case.table.units), len(scheme.leaves), scheme.total),
    ]
    if case.drafts:
        names = listing(draft.name for draft in case.drafts)
        facts.append(say(zh="备选方案：{names}", en="Drafts: {names}", names=names))
    if scheme.data_period is not None:
        facts.append(say(zh="数据期：{x}", en="Period of the data: {x}", x=scheme.data_period))
    if scheme.synthetic:
        facts.append(display.SYNTHETIC)
    if changes:
        facts.append(_changed(case.written, changes))
    card = display.Card(OPENED, facts=facts)
    text = " · ".join(fact.of(language) for fact in facts)
    put(HTML(card.html(language)), metadata={"qtoolkit": text})  # type: ignore[no-untyped-call]


def _file(key: str, path: str | Path) -> Text:
    return say(
        zh="{role}：{path}", en="{role}: {path}", role=ROLES[key], path=Path(path).as_posix()
    )


def _changed(written: Scheme, changes: Mapping[str, Any]) -> Text:
    """Which choices are made otherwise than in the scheme's file, from what to what."""
    items = [
        say(
            zh="{key} {old}改为 {new}",
            en="{key} {old}is now {new}",
            key=key,
            old=_old(written, id),
            new=_said(changes[key]),
        )
        for key, id in keys_by_id(written, changes).items()
    ]
    return say(zh="改动：{items}", en="Changes: {items}", items=listing(items))


def _old(written: Scheme, key: str) -> Text:
    """What the scheme's file has for a change of points, of a cutoff or of a quota."""
    kind, _, id = key.partition(".")
    if (named := quota_of(key)) is not None:
        quota = next((grade.quota for grade in written.grades if grade.id == named), None)
        return say(zh="由 {x} ", en="was {x}, ", x=_said(quota))
    if kind == "points":
        value = next((node.points for node in written.nodes if node.id == id), None)
    elif kind == "cutoffs":
        value = next((grade.cutoff for grade in written.grades if grade.id == id), None)
    else:
        value = None
    return same("") if value is None else say(zh="由 {x:g} ", en="was {x:g}, ", x=value)


def _said(value: Any) -> Text:
    """A change's value, a quota that is none included; 3.0 is 3."""
    return Text("不限", "none") if value is None else same(clip(value))

"""A case: a scheme and its data, read from a folder, a params.yaml, or the paths that a notebook
was given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, ClassVar

from qtoolkit.display import SYNTHETIC, Card, Shown, sizes
from qtoolkit.errors import Complaint, InputError, Problems, clip
from qtoolkit.inputs.changes import by_ids, change
from qtoolkit.inputs.drafts import KEY, Draft, draft_role, for_draft, read_drafts
from qtoolkit.inputs.files import Rows, read_rows
from qtoolkit.inputs.locate import find, find_case
from qtoolkit.inputs.parameters import BOOKS, Parameters, parameters_of, read_parameters
from qtoolkit.inputs.ratings import Ratings, filled, read_ratings
from qtoolkit.inputs.roster import Roster, roster_of
from qtoolkit.inputs.scheme import Scheme, read_scheme
from qtoolkit.inputs.slips import itself
from qtoolkit.inputs.table import NoDataYet, Table, table_of_rows
from qtoolkit.inputs.verification import check_draw
from qtoolkit.language import Text, say
from qtoolkit.models import validate


@dataclass(frozen=True, repr=False)
class Case(Shown):
    """A validated case. `files` are the files that were read, by role ("params", "scheme", "data",
    "previous_scheme", …); `written` is the scheme before `changes`, the same one where there are
    none; `drafts` are rival drafts, with the same data read by each."""

    card_title: ClassVar[Text] = Text("案例", "A case")

    scheme: Scheme
    table: Table
    parameters: Parameters
    files: Mapping[str, Path]
    previous: Case | None = None
    ratings: Ratings | None = None
    written: Scheme = None  # type: ignore[assignment]
    drafts: tuple[Draft, ...] = ()

    def __post_init__(self) -> None:
        if self.written is None:
            object.__setattr__(self, "written", self.scheme)

    def card(self) -> Card:
        """What was read, and from which files."""
        units, leaves = len(self.table.units), len(self.scheme.leaves)
        read = [
            say(zh="{role}：{path}", en="{role}: {path}", role=role, path=path)
            for role, path in self.files.items()
        ]
        facts = [self.scheme.name, sizes(units, leaves, self.scheme.total), *read]
        if self.scheme.synthetic:
            facts.append(SYNTHETIC)
        return Card(
            self.card_title,
            f"{self.scheme.id}, {units} units × {leaves} indicators",
            facts,
            others=[
                "scheme",
                "table",
                *(name for name in ("previous", "ratings", "drafts") if getattr(self, name)),
            ],
        )


def read_case(
    case: str | Path | None = None,
    *,
    scheme: str | Path | None = None,
    data: str | Path | None = None,
    previous: str | Path | None = None,
    ratings: str | Path | None = None,
    changes: Mapping[str, float | None] | None = None,
    alternatives: Sequence[Any] = (),
) -> Case:
    """Read a case and validate everything in it.

    Parameters
    ----------
    case : path
        A case folder, a params.yaml, a filled workbook (.xlsx), or the name of a packaged case. The
        paths in it are relative to its own folder. Or leave it out and give:
    scheme, data : path
        The scheme (.yaml or .xlsx) and the table (.csv or .xlsx), relative to the working
        directory.
    previous : path, optional
        Last year's case folder.
    ratings : path, optional
        Marks of assessors, a long table: unit, assessor, stage, item, score; see
        :func:`qtoolkit.inputs.ratings.read_ratings`.
    changes : mapping, optional
        Dotted changes to the scheme, such as {"cutoffs.A": 88, "points.brand": 5,
        "grades.A.quota": 3}, or by name: {"cutoffs.优秀": 92}; siblings take up the points, None
        takes a quota away. They come before those of the params.yaml.
    alternatives : sequence, optional
        Rival drafts, besides those of the params.yaml, five in all: each the path of a scheme, or
        {"name": …, "scheme": path, "changes": {…}} of which one of the last two may be left out.

    Returns
    -------
    Case

    Raises
    ------
    InputError
        With one sentence for every complaint: file, row, column, what was found, what was expected.

    >>> read_case("params/tai-2001").scheme.total
    100.0
    """
    near = None
    files: dict[str, Path] = {}
    if case is not None:
        folder = find_case(case)
        files["params"] = folder / "params.yaml" if folder.is_dir() else folder
        parameters, near = read_parameters(files["params"]), files["params"].parent
        if changes or alternatives:
            drafts = [*parameters.alternatives, *map(_from_here, alternatives)]
            both = {"changes": parameters.changes | dict(changes or {}), KEY: drafts}
            parameters = validate(Parameters, parameters.model_dump() | both, None)
    else:
        paths = {"scheme": scheme, "data": data, "previous": previous, "ratings": ratings}
        given: dict[str, Any] = {
            key: str(path) if isinstance(path, PurePath) else path for key, path in paths.items()
        }
        given |= {"changes": changes or {}, KEY: list(map(_as_text, alternatives))}
        parameters = parameters_of(
            {key: value for key, value in given.items() if value is not None}
        )
    return case_of(parameters, near, files, changes or ())


def case_of(
    parameters: Parameters,
    near: Path | None = None,
    files: Mapping[str, Path] | None = None,
    over: Collection[str] = (),
) -> Case:
    """The case that validated parameters name. Their relative paths stand in a file of the folder
    `near`, or are relative to the working directory where there is none. Changes that `over` names
    take the place of others that mean the same; the case's parameters have all changes by ids."""
    files, found = dict(files or {}), {}
    problems = Problems()
    for key in ("scheme", "data", "previous", "ratings"):
        try:
            if getattr(parameters, key) is not None:
                found[key] = find(getattr(parameters, key), near)
        except InputError as error:
            name = files["params"].name if "params" in files else None
            problems.complaints += [Complaint(c.text, name, column=key) for c in error.complaints]
    files |= _draft_files(parameters, near, problems, files)
    problems.stop()
    earlier = found.pop("previous", None)
    files |= found
    written = scheme_of(files["scheme"])
    scheme = change(written, parameters.changes, over=over)
    parameters = parameters.model_copy(
        update={"changes": by_ids(written, parameters.changes, over)}
    )
    previous = None if earlier is None else _previous(earlier)
    for name, path in ({} if previous is None else previous.files).items():
        files[f"previous_{name}"] = path
    last = None if previous is None else (previous.scheme, previous.table)
    table, ratings = _table_of(scheme, files, last)
    check_draw(scheme, table, files["scheme"].name)
    drafts = _drafts(parameters, scheme, table, files, last)
    if previous is None or last is None:
        return Case(scheme, table, parameters, files, None, ratings, written, drafts)
    more = itself(scheme, table, last, files["params"].name if "params" in files else None)
    table = replace(table, doubts=(*table.doubts, *more))
    return Case(scheme, table, parameters, files, previous, ratings, written, drafts)


def _drafts(
    parameters: Parameters,
    scheme: Scheme,
    table: Table,
    files: Mapping[str, Path],
    last: tuple[Scheme, Table] | None,
) -> tuple[Draft, ...]:
    """The rival drafts; complaints of their keys name the file of parameters."""
    try:
        return read_drafts(
            parameters.alternatives,
            scheme,
            table.units,
            lambda number: scheme_of(files[draft_role(number)]),
            lambda draft: _table_of(draft, files, last, scheme)[0],
        )
    except InputError as error:
        name = files["params"].name if "params" in files else None
        raise InputError(
            [c if c.file is not None else replace(c, file=name) for c in error.complaints]
        ) from None


def _draft_files(
    parameters: Parameters, near: Path | None, problems: Problems, known: Mapping[str, Path]
) -> dict[str, Path]:
    """The files of the drafts that have one, by their roles."""
    found = {}
    for number, draft in enumerate(parameters.alternatives, 1):
        try:
            if draft.scheme is not None:
                found[draft_role(number)] = find(draft.scheme, near)
        except InputError as error:
            name = known["params"].name if "params" in known else None
            problems.complaints += [
                Complaint(c.text, name, None, draft_role(number)) for c in error.complaints
            ]
    return found


def _table_of(
    scheme: Scheme,
    files: Mapping[str, Path],
    last: tuple[Scheme, Table] | None,
    base: Scheme | None = None,
) -> tuple[Table, Ratings | None]:
    """The table of data, with the marks of the ratings put into it where there are any; read by a
    draft of `base`, where that is given."""
    rows = read_rows(files["data"])
    if base is not None:
        rows = for_draft(rows, scheme, base)
    if "ratings" not in files:
        _refuse_unrated(rows, scheme)
        return table_of_rows(rows, scheme, last), None
    ratings = read_ratings(files["ratings"], scheme, rows)
    return table_of_rows(filled(ratings, scheme), scheme, last), ratings


def _refuse_unrated(rows: Rows, scheme: Scheme) -> None:
    """One sentence where assessors are to mark, no ratings are named, and the table of data holds
    nothing of any indicator."""
    if scheme.panel is None:
        return
    roster = roster_of(rows, scheme)
    ids = {leaf.id for leaf in scheme.leaves}
    if not roster.candidates or any(key.partition("@")[0] in ids for key in roster.filled):
        return
    text = say(
        zh="{units}家还没有评分：用 qtoolkit template . --by 评委 发出评分表，收回后用 "
        "qtoolkit collect 汇总，再在 params.yaml 中以 ratings 写明汇总的文件",
        en="no marks yet of {units:unit|units}: send out score sheets (qtoolkit template . --by "
        "assessor), put them together (qtoolkit collect), and name that file under ratings in "
        "params.yaml",
        units=len(roster.candidates),
    )
    names = tuple(candidate.id for candidate in roster.candidates)
    raise NoDataYet(Complaint(text, rows.name), scheme, names)


def _as_text(alternative: Any) -> Any:
    """A draft that is given as a path, as text."""
    return str(alternative) if isinstance(alternative, PurePath) else alternative


def _from_here(alternative: Any) -> Any:
    """A draft whose path is relative to the working directory, not to a file of parameters."""
    if isinstance(alternative, str | PurePath):
        alternative = {"scheme": alternative}
    if isinstance(alternative, Mapping) and isinstance(alternative.get("scheme"), str | PurePath):
        path = find(str(alternative["scheme"])).resolve()
        return dict(alternative) | {"scheme": str(path)}
    return alternative


def table_as_written(case: Case) -> Table:
    """The case's data read for its scheme as it was before `changes`."""
    last = None if case.previous is None else (case.previous.scheme, case.previous.table)
    return _table_of(case.written, case.files, last)[0]


def read_roster(case: str | Path) -> tuple[Scheme, Roster]:
    """The scheme of a case, with its changes, and whom it assesses, while its data and ratings are
    still to come in: of the table of data nothing is read but names, screens and which columns hold
    something.

    Parameters
    ----------
    case : path
        As for :func:`read_case`; or a scheme's own .yaml, whose units are then those that it lists.

    Raises
    ------
    InputError
        The files cannot be read, or nobody is to be assessed.
    """
    path = find_case(case)
    path = path / "params.yaml" if path.is_dir() else path
    if path.name == "params.yaml" or path.suffix.lower() in BOOKS:
        parameters = read_parameters(path)
        scheme = change(scheme_of(find(parameters.scheme, path.parent)), parameters.changes)
        data = read_rows(find(parameters.data, path.parent))
    else:
        scheme = scheme_of(path)
        names = [[name] for name in scheme.units or ()]
        data = Rows(path.name, ["unit"], names, list(range(1, len(names) + 1)))
    roster = roster_of(data, scheme)
    if not roster.passed:
        text = say(
            zh="没有考核对象：请用写有考核对象名单的案例",
            en="there are no units: name a case whose data list them",
        )
        raise InputError(Complaint(text, data.name))
    return scheme, roster


def scheme_of(path: Path) -> Scheme:
    """The scheme of a YAML file or of a workbook's sheets."""
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return read_scheme(path)
    # nor does a run copy a file that other programs read by its name
    if path.suffix.lower() not in BOOKS:
        text = say(
            zh="方案文件应为 .yaml、.yml、.json、.xlsx 或 .xlsm 文件，现为“{name}”",
            en="expected a scheme in a .yaml, .yml, .json, .xlsx or .xlsm file, found “{name}”",
            name=clip(path.name),
        )
        raise InputError(Complaint(text, path.name))
    from qtoolkit.workbooks.schemebook import read_scheme_book

    return read_scheme_book(path)


def _previous(path: Path) -> Case:
    """Last year's case; what came before it is not read."""
    path = path / "params.yaml" if path.is_dir() else path
    parameters = read_parameters(path)
    alone = parameters.model_copy(update={"previous": None, KEY: []})
    return case_of(alone, path.parent, {"params": path})

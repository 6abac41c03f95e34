"""`qtoolkit draw`: a draw of units from a case or a list of names, as it is printed, and whether a
printed one is genuine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtoolkit.errors import Complaint, InputError, WorkError, clip, nearest
from qtoolkit.filing import text_cell, write_new
from qtoolkit.inputs.case import Case, read_case
from qtoolkit.inputs.files import csv_grid, read_bytes, read_rows, read_text
from qtoolkit.inputs.headers import UNIT_HEADERS
from qtoolkit.inputs.locate import find, find_case
from qtoolkit.inputs.numbertext import is_blank, plain_text
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import NoDataYet
from qtoolkit.inputs.unitlist import list_hash, list_text, listed, published_hash
from qtoolkit.inputs.verification import strata_of
from qtoolkit.language import Text, listing, same, say
from qtoolkit.verification import Draw, check, draw
from qtoolkit.verification.described import items_drawn
from qtoolkit.verification.recipe import LIST_FILE
from qtoolkit.workbooks.reading import read_sheets

BOOKS = (".xlsx", ".xlsm")
LISTS = (".csv", ".txt")
TITLES = {
    "zh": ("序号", "考核对象", "分层", "SHA-256"),
    "en": ("number", "unit", "stratum", "SHA-256"),
}
CODES = {
    "not_drawn": Text("未抽中", "was not drawn"),
    "not_printed": Text("已抽中，公布的名单中没有", "was drawn, and is not printed"),
    "not_listed": Text("不在考核对象名单中", "is not in the list of units"),
    "twice": Text("列了不止一次", "is printed more than once"),
}


@dataclass(frozen=True)
class Asked:
    """What a draw is to be made of. `file` is what holds the list, `strata` go by unit; `list_hash`
    is what the scheme says was published, `left_out` are units of the file that are not assessed
    and so not in the list; `scheme` is a case's, which may say how many items are looked into."""

    file: str
    units: tuple[str, ...]
    strata: dict[str, str] | None = None
    places: int | None = None
    seed: str | None = None
    least: int = 0
    list_hash: str | None = None
    language: str = "zh"
    left_out: tuple[Text, ...] = ()
    scheme: Scheme | None = None

    def drawn(self) -> Draw:
        """The draw, by the seed."""
        if self.seed is None:
            text = Text("没有种子，请写 --seed", "there is no seed: give it with --seed")
            raise InputError(Complaint(text, self.file))
        return draw(self.units, self._places(), self.seed, self.strata, least=self.least)

    def _places(self) -> int:
        if self.places is None:
            text = Text("没有写明抽取家数，请写 --places", "how many are drawn? say it: --places")
            raise InputError(Complaint(text, self.file))
        return self.places


def asked(
    source: str,
    places: int | None = None,
    seed: str | None = None,
    by: str | None = None,
    least: int | None = None,
) -> Asked:
    """A case, or a list of units (.csv or .txt), with what the options say in the place of what the
    scheme says.

    Raises
    ------
    InputError
        The file cannot be read, or names twice, blank or unseen characters stand in it.
    """
    if Path(source).suffix.lower() in LISTS:
        found = _of_list(find(source), by)
    else:
        found = _of_case(source, by)
    listed(found.units, found.strata)
    return replace(
        found,
        places=found.places if places is None else places,
        seed=found.seed if seed is None else seed,
        least=found.least if least is None else least,
    )


def _of_case(source: str, by: str | None) -> Asked:
    """The units of a case, and the draw that its scheme describes."""
    try:
        case = read_case(find_case(source))
    except NoDataYet as empty:  # the units are known before their data are
        said = empty.scheme.verification
        if by is not None or (said is not None and said.by is not None):
            raise
        return Asked(source, empty.units, **_said(empty.scheme))
    if by is None:
        return _described(case)
    table = case.table
    strata = dict(zip(table.units, table.covariates[_covariate(case, by)], strict=True))
    # published was the list of other strata
    return replace(_described(case), strata=strata, list_hash=None)


def _described(case: Case) -> Asked:
    """The draw that a case's scheme describes."""
    table = case.table
    return Asked(
        table.name,
        table.units,
        strata_of(case.scheme, table),
        **_said(case.scheme),
        language=case.parameters.language,
        left_out=(*table.excluded, *(one.unit for one in table.screened)),
    )


def _said(scheme: Scheme) -> dict[str, Any]:
    """What a scheme says of its draw, by the names of :class:`Asked`."""
    said = scheme.verification
    keys = {"places", "seed", "least", "list_hash"}
    return {"scheme": scheme} | ({} if said is None else said.model_dump(include=keys))


def _covariate(case: Any, name: str) -> str:
    """A column of a case's data that describes units, by its id or its name in either language."""
    ids = {one.id: one.id for one in case.scheme.covariates}
    names = {word: one.id for one in case.scheme.covariates for word in (one.name.zh, one.name.en)}
    known = {id for id in (*ids, "class") if id in case.table.covariates.columns}
    found = name if name in known else names.get(name)
    if found not in known:
        text = say(
            zh="数据中没有可分层的列“{name}”{hint}",
            en="the data have no column “{name}” to make strata of{hint}",
            name=clip(name),
            hint=nearest(name, [*known, *names]),
        )
        raise InputError(Complaint(text, case.table.name))
    return str(found)


def _of_list(path: Path, by: str | None) -> Asked:
    """The units of a list: a .txt with a name a line (or the file of a list, whose lines have the
    stratum and a tab before the name), or a .csv with a column of units."""
    try:
        if path.suffix.lower() == ".txt":
            units, strata = _lines(path, by)
        else:
            units, strata = _columns(path, by)
        listed(units, strata)
    except InputError as error:
        told = [c if c.file else replace(c, file=path.name) for c in error.complaints]
        raise InputError(told) from None
    names = listed(units, strata)
    return Asked(path.name, tuple(names), names if strata is not None else None)


def _lines(path: Path, by: str | None) -> tuple[list[str], list[str] | None]:
    if by is not None:
        text = Text(
            ".txt 名单没有列名，不能用 --by；请改用 .csv",
            "a .txt list has no columns: --by takes a .csv",
        )
        raise InputError(text)
    lines = [(i, s) for i, s in enumerate(read_text(path).splitlines(), 1) if s.strip()]
    parts = [line.split("\t") for _, line in lines]
    width = max((len(part) for part in parts), default=1)
    for (row, _), part in zip(lines, parts, strict=True):
        if len(part) != width or width > 2:
            text = say(
                zh="本行有{n}个制表符；名单应每行一个名称，或每行都是分层、制表符、名称",
                en="this line has {n:tab|tabs}; a list has a name a line, or on every line a "
                "stratum, a tab and a name",
                n=len(part) - 1,
            )
            raise InputError(Complaint(text, path.name, row))
    strata = [part[0] for part in parts] if width == 2 else None
    return [part[-1] for part in parts], strata if strata and any(map(str.strip, strata)) else None


def _columns(path: Path, by: str | None) -> tuple[list[str], list[str] | None]:
    rows = read_rows(path, either_way=False)
    place = next((i for i, title in enumerate(rows.header) if title in UNIT_HEADERS), None)
    if place is None:
        text = say(
            zh="没有考核对象列；列名应为{names}之一",
            en="no column of units; its name should be one of {names}",
            names=same(", ".join(UNIT_HEADERS)),
        )
        raise InputError(Complaint(text, path.name, rows.head))
    if by is not None and by not in rows.header:
        text = say(
            zh="没有列“{by}”{hint}",
            en="no column “{by}”{hint}",
            by=clip(by),
            hint=nearest(by, rows.header),
        )
        raise InputError(Complaint(text, path.name, rows.head))
    found: list[list[str]] = []
    for i in (place, *([] if by is None else [rows.header.index(by)])):
        for number, row in zip(rows.numbers, rows.rows, strict=True):
            if is_blank(row[i]):
                text = Text("单元格是空的", "the cell is blank")
                raise InputError(Complaint(text, path.name, number, rows.header[i]))
        found.append([plain_text(row[i]) for row in rows.rows])
    return found[0], found[1] if by is not None else None


def before(made: Asked) -> Iterator[Text]:
    """What is to be published before the seed is known: the list's hash, and the places."""
    yield say(
        zh="名单共{n}家，SHA-256：{hash}",
        en="The list has {n:unit|units}, SHA-256: {hash}",
        n=len(made.units),
        hash=list_hash(made.units, made.strata),
    )
    if made.places is not None:
        # ties are settled by the seed, hence the exact numbers
        exact = draw(made.units, made.places, "-", made.strata, least=made.least).places["exact"]
        yield say(
            zh="抽取{k}家；种子确定之前请先公布名单、哈希值和抽取家数，确定后用 --seed 抽取。",
            en="{k:unit is|units are} to be drawn. Publish the list, its hash and this number "
            "before the seed is known; then draw with --seed.",
            k=made.places,
        )
        for stratum, number in exact.items() if made.strata is not None else ():
            yield say(
                zh="  {stratum}：应得{x:.2f}家",
                en="  {stratum}: {x:.2f} places by its number of units",
                stratum=stratum,
                x=number,
            )


def after(made: Draw) -> Iterator[Text]:
    """The draw as it is printed, in words; the recipe comes after it."""
    yield say(
        zh="名单共{n}家，抽取{k}家；名单的 SHA-256：{hash}",
        en="{k} of {n:unit|units} drawn; SHA-256 of the list: {hash}",
        n=len(made.table),
        k=len(made.drawn),
        hash=made.list_hash,
    )
    for i, unit in enumerate(made.drawn, 1):
        row = made.table.loc[unit]
        stratum = f" [{row['stratum']}]" if row["stratum"] else ""
        yield same(f"{i:>3}. {unit}{stratum}  {row['hash']}")


def _looked_into(what: Asked, made: Draw) -> Iterator[Text]:
    """The indicators to look into at each unit drawn, where the scheme says how many."""
    if what.scheme is None or (found := items_drawn(what.scheme, made)).empty:
        return
    yield say(
        zh="重点抽查：每家取 SHA-256（种子、换行、考核对象、换行、指标名称）最小的{k}项。",
        en="To look into: at each unit the {k} indicators with the smallest SHA-256 of seed, line "
        "feed, unit, line feed, name in Chinese.",
        k=int((found["unit"] == made.drawn[0]).sum()),
    )
    for unit, names in found.groupby("unit", sort=False)["name"]:
        yield say(
            zh="  {unit}：{items}", en="  {unit}: {items}", unit=str(unit), items=listing(names)
        )


def made(
    what: Asked, out: Path | None = None, published: str | None = None, language: str = "zh"
) -> Iterator[Text]:
    """What is printed: the draw and its recipe, or without a seed what is published before it is
    known; `out` takes the units drawn (.csv), or the file of the list (.txt).

    Raises
    ------
    InputError
        Units are to be written and there is no seed; another ending; a list whose hash is not the
        one `published`.
    """
    _refuse_other(what, published)
    if out is not None and out.suffix.lower() not in LISTS:
        raise InputError(
            say(
                zh="-o 应为 .csv（抽中的考核对象）或 .txt（名单），现为“{name}”",
                en="-o takes a .csv (the units drawn) or a .txt (the list), found “{name}”",
                name=clip(out.name),
            )
        )
    if what.left_out:
        yield say(
            zh="以下各家不参加考核，不在名单中：{names}",
            en="not assessed, and so not in the list: {names}",
            names=listing(what.left_out),
        )
    if what.seed is None and (out is None or out.suffix.lower() == ".txt"):
        texts = list(before(what))
    else:
        drawn = what.drawn()
        texts = [*after(drawn), *_looked_into(what, drawn), same("")]
        texts.append(same(drawn.recipe(language)))
    if out is not None:
        _write(what, out, language)
        texts.append(say(zh="已写出：{path}", en="written: {path}", path=out))
    yield from texts


def _refuse_other(what: Asked, published: str | None) -> None:
    """Refuse a list whose hash is not the one that was published: this one, or the scheme's."""
    found = list_hash(what.units, what.strata)
    published = what.list_hash if published is None else published
    if published is not None and published_hash(published) != found:
        text = say(
            zh="名单的 SHA-256 为 {found}，公布的是 {published}",
            en="the SHA-256 of the list is {found}, published was {published}",
            found=found,
            published=published,
        )
        raise InputError(Complaint(text, what.file))


def _write(what: Asked, path: Path, language: str) -> None:
    """The file of the list as .txt; as .csv the units drawn, in the order in which they are
    printed."""
    if path.suffix.lower() == ".txt":
        write_new(path, list_text(what.units, what.strata).encode())
        return
    drawn, out = what.drawn(), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TITLES[language])
    for i, unit in enumerate(drawn.drawn, 1):
        stratum, code = drawn.table.loc[unit, ["stratum", "hash"]]
        writer.writerow([i, text_cell(unit), text_cell(stratum), code])
    write_new(path, out.getvalue().encode("utf-8-sig"))


def write_draw(case: Case, folder: Path, language: str) -> None:
    """What is needed to repeat the draw that a case's scheme describes: the list; and with a seed
    how it is done, with a script, and the units drawn. Nothing where it describes none."""
    said = case.scheme.verification
    if said is None:
        return
    what = _described(case)
    folder.mkdir()
    _write(what, folder / LIST_FILE, language)
    if said.seed is not None:
        _write(what, folder / "drawn.csv", language)
        write_new(folder / "recipe.txt", f"{what.drawn().recipe(language)}\n".encode())


def printed_names(path: Path, made: Asked) -> list[str]:
    """The units that a file says were drawn: the column that is headed as units are, without its
    heading, or else the first, of those that hold any name of the list (a stratum may be called as
    a unit is).

    Raises
    ------
    InputError
        No column does.
    """
    names = set(made.units)
    written = {text_cell(name): name for name in names}
    grid, found = _grid(path), []
    for i in range(max((len(row) for row in grid), default=0)):
        cells = [plain_text(row[i]) for row in grid if i < len(row) and not is_blank(row[i])]
        cells = [written.get(cell, cell) for cell in cells]
        if names & set(cells):
            found.append(cells)
    for cells in [cells for cells in found if cells[0] in UNIT_HEADERS]:
        return cells[1:]
    for cells in found:
        return cells
    text = Text(
        "没有一列是考核对象的名称，无法核对", "no column holds names of units: nothing to check"
    )
    raise InputError(Complaint(text, path.name))


def _grid(path: Path) -> list[list[Any]]:
    """The cells of a .csv, a workbook's sheets, or the lines of any other text."""
    if path.suffix.lower() in BOOKS:
        sheets = read_sheets(path.name, read_bytes(path)).values()
        return [row for grid in sheets for row in grid]
    if path.suffix.lower() == ".csv":
        return [list(row) for row in csv_grid(path)]
    return [line.split("\t") for line in read_text(path).splitlines()]


def checked(made: Asked, path: Path, published: str | None = None) -> Iterator[Text]:
    """What is wrong with a printed draw, one sentence each.

    Raises
    ------
    WorkError
        At the end, where anything is.
    """
    drawn = made.drawn()
    published = published_hash(published) if published is not None else made.list_hash
    found = check(
        printed_names(path, made),
        made.units,
        len(drawn.drawn),
        drawn.seed,
        made.strata,
        least=made.least,
        list_hash=published,
    )
    if found.hash_matches is False:
        yield say(
            zh="名单的 SHA-256 为 {found}，公布的是 {published}",
            en="the SHA-256 of the list is {found}, published was {published}",
            found=drawn.list_hash,
            published=published or "",
        )
    for unit, code in found.table["code"].items():
        yield say(zh="“{unit}”{what}", en="“{unit}” {what}", unit=clip(unit), what=CODES[str(code)])
    if not found.genuine:
        raise WorkError(
            say(
                zh="{file} 不是按该名单和种子抽取的结果",
                en="{file} is not what this list and seed give",
                file=path.name,
            )
        )
    yield say(
        zh="{file} 与按名单和种子抽取的结果一致（{n}家）",
        en="{file} is genuine: list and seed give the same {n:unit|units}",
        file=path.name,
        n=len(drawn.drawn),
    )

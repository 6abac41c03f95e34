"""What a scheme says of the draw for verification on site (实地核查抽取). Data only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from qtoolkit.errors import Complaint, InputError, clip, nearest
from qtoolkit.inputs.unitlist import SEED, list_hash, listed_text, published_hash
from qtoolkit.language import Text, listing, say
from qtoolkit.models import Identifier, Model, Path_, wrong

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Scheme
    from qtoolkit.inputs.table import Table

CLASS = "class"


def _seed(value: Any) -> str:
    """A seed as it is hashed. A number is refused: 007 and 1e5 would be hashed as 7 and 100000."""
    if not isinstance(value, str):
        raise wrong(
            say(
                zh="种子为 {found}，应为文字：YAML 中请加引号，Excel 中请把单元格设为文本",
                en="the seed is {found}, expected text: put quotation marks around it in YAML, or "
                "make the cell a text cell in Excel",
                found=clip(value),
            )
        )
    try:
        return listed_text(value, SEED)
    except InputError as error:
        raise wrong(*(complaint.text for complaint in error.complaints)) from None


def _hash(value: Any) -> str:
    try:
        return published_hash(value)
    except InputError as error:
        raise wrong(*(complaint.text for complaint in error.complaints)) from None


class Verification(Model):
    """Which units are verified on site: `places` of them, drawn at random by `seed` once that is
    known (see :func:`qtoolkit.verification.draw`), and their values at `stage` (a stage that
    replaces or corrects others; without it the only such stage).

    `by` makes strata (a text covariate, or class), of which each has at least `least` places (all
    of its units, where there are fewer). `items`: how many indicators are looked into at each unit
    drawn, of those in `pool` (ids; all without). `list_hash` is the hash of the list of units, as
    it was published before the seed was known (`qtoolkit draw`): the units of the data must be that
    list.
    """

    stage: Identifier | None = None
    places: int = Field(ge=1, strict=True)
    by: Identifier | None = None
    least: int = Field(default=0, ge=0, strict=True)
    items: int | None = Field(default=None, ge=1, strict=True)
    pool: tuple[Identifier, ...] = ()
    seed: Annotated[str, BeforeValidator(_seed)] | None = None
    list_hash: Annotated[str, BeforeValidator(_hash)] | None = None


def verification_complaints(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """A stage that is none or replaces nothing, and strata that the scheme does not declare."""
    said = scheme.verification
    if said is None:
        return
    later = [stage.id for stage in scheme.stages if stage.effect != "part"]
    if said.stage is not None and said.stage not in later:
        yield (
            ("verification", "stage"),
            say(
                zh="核查阶段为“{id}”，应为 effect 是 replaces 或 corrects 的阶段，"
                "现有{found}{hint}",
                en="the stage of verification is “{id}”, expected one whose effect is replaces or "
                "corrects; there are {found}{hint}",
                id=said.stage,
                found=listing(later) if later else Text("无", "none"),
                hint=nearest(said.stage, later),
            ),
        )
    if said.stage is None and len(later) != 1:
        yield (
            ("verification", "stage"),
            say(
                zh="应写明核查阶段（stage）：effect 是 replaces 或 corrects 的阶段有{n}个",
                en="which stage is that of verification? {n:stage has|stages have} the effect "
                "replaces or corrects",
                n=len(later),
            ),
        )
    yield from _about_items(scheme, said)
    known = [*(one.id for one in scheme.covariates if one.kind == "text"), CLASS]
    if said.by is not None and said.by not in known:
        yield (
            ("verification", "by"),
            say(
                zh="分层依据为“{by}”，应为 covariates 中的文字列或 class，现有{known}{hint}",
                en="strata go by “{by}”, expected a text column among the covariates, or class; "
                "there are {known}{hint}",
                by=said.by,
                known=listing(known),
                hint=nearest(said.by, known),
            ),
        )


def pool_of(scheme: Scheme) -> list[str]:
    """The ids of the indicators among which those to look into are drawn."""
    said = scheme.verification
    return list(said.pool if said is not None and said.pool else (x.id for x in scheme.leaves))


def _about_items(scheme: Scheme, said: Verification) -> Iterator[tuple[Path_, Text]]:
    """A pool with what is no scored indicator, or one twice, and more items than it has."""
    leaves = [leaf.id for leaf in scheme.leaves]
    for i, id in enumerate(said.pool):
        if id not in leaves:
            yield (
                ("verification", "pool", i),
                say(
                    zh="没有考核要点“{id}”{hint}",
                    en="no scored indicator “{id}”{hint}",
                    id=id,
                    hint=nearest(id, leaves),
                ),
            )
        elif id in said.pool[:i]:
            yield (
                ("verification", "pool", i),
                say(zh="“{id}”重复", en="“{id}” is there twice", id=id),
            )
    if said.items is not None and said.items > len(pool_of(scheme)):
        yield (
            ("verification", "items"),
            say(
                zh="每家抽查{items}项，而可抽的只有{n}项",
                en="{items:indicator is|indicators are} to be drawn for each unit, and there are "
                "only {n}",
                items=said.items,
                n=len(pool_of(scheme)),
            ),
        )


def strata_of(scheme: Scheme, table: Table) -> dict[str, Any] | None:
    """The strata of a table's units, as the scheme describes them; None without.

    Raises
    ------
    InputError
        The table lacks the column.
    """
    by = None if scheme.verification is None else scheme.verification.by
    if by is None:
        return None
    if by not in table.covariates.columns:
        text = say(zh="数据中没有分层依据的列“{by}”", en="the data lack the strata, “{by}”", by=by)
        raise InputError(Complaint(text, table.name))
    return dict(zip(table.units, table.covariates[by], strict=True))


def check_draw(scheme: Scheme, table: Table, file: str | None = None) -> None:
    """Refuse a draw that a table's units do not allow: more places than units, units without a
    stratum, a published hash that is another list's."""
    said = scheme.verification
    if said is None:
        return
    if said.places > len(table.units):
        text = say(
            zh="抽取{places}家，而考核对象只有{n}家",
            en="{places:unit is|units are} to be drawn, and there are only {n}",
            places=said.places,
            n=len(table.units),
        )
        raise InputError(Complaint(text, file, None, "verification.places"))
    if said.by is None and said.list_hash is None:
        return
    found = list_hash(table.units, strata_of(scheme, table))
    if said.list_hash is not None and said.list_hash != found:
        text = say(
            zh="名单的哈希值为 {found}，公布的是 {published}：考核对象或分层与公布的名单不同",
            en="the hash of the list is {found}, published was {published}: units or strata are "
            "not those of the list that was published",
            found=found,
            published=said.list_hash,
        )
        raise InputError(Complaint(text, file, None, "verification.list_hash"))

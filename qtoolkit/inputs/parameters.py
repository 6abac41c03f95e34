"""params.yaml: flat keys, valid for plain `papermill -f`, and a notebook's own knobs."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    TypeAdapter,
    WrapValidator,
    model_serializer,
    model_validator,
)

from qtoolkit.errors import MOST_COMPLAINTS, Complaint, InputError, nearest, unexpected
from qtoolkit.inputs.changes import quota_of
from qtoolkit.inputs.yamltext import Document, read_yaml
from qtoolkit.language import Text, say
from qtoolkit.models import BilingualText, Model, NewQuota, Number, validate, wrong


class _Quota(NamedTuple):
    """A value under the key of a quota, on its way to be checked as one."""

    value: Any


def _with_quotas(changes: Any) -> Any:
    """Changes with those of quotas marked: they may be what other numbers may not."""
    if not isinstance(changes, Mapping):
        return changes
    return {
        key: _Quota(value) if isinstance(key, str) and quota_of(key) is not None else value
        for key, value in changes.items()
    }


_QUOTA: TypeAdapter[int | float | None] = TypeAdapter(NewQuota)


def _number_or_quota(value: Any, handler: Any) -> Any:
    """A change's value: a quota's own, or a number."""
    return _QUOTA.validate_python(value.value) if isinstance(value, _Quota) else handler(value)


Change = Annotated[
    Number,
    WrapValidator(_number_or_quota),
    PlainSerializer(lambda value: value, return_type=int | float | None),
]
_QUOTAS: dict[str, Any] = {"patternProperties": {r"^grades\..+\.quota$": _QUOTA.json_schema()}}


Changes = Annotated[
    dict[str, Change],
    BeforeValidator(_with_quotas),
    Field(json_schema_extra=_QUOTAS),
]
MOST_DRAFTS = 5  # rival drafts beside the scheme: as many columns as a page has room for


class Alternative(Model):
    """A rival draft (备选方案): a scheme's file, or changes to the case's own scheme, or changes to
    that file's; and what it is called, by its place among them if left out."""

    name: BilingualText | None = None
    scheme: str | None = Field(default=None, min_length=1)
    changes: Changes = Field(default={})

    @model_validator(mode="after")
    def _check(self) -> Alternative:
        if self.scheme is None and not self.changes:
            raise wrong(
                say(
                    zh="缺少 scheme（方案文件）或 changes（对本方案的改动）",
                    en="the keys scheme (a file) and changes (to this scheme) are both missing",
                )
            )
        return self

    @model_serializer
    def _plain(self) -> dict[str, Any]:
        """As it is written: what is left out stays out."""
        name = None if self.name is None else {"zh": self.name.zh, "en": self.name.en}
        written = {"name": name, "scheme": self.scheme, "changes": dict(self.changes)}
        return {key: value for key, value in written.items() if value}


def _drafts_written(value: Any) -> Any:
    """Drafts of which some are a scheme's file alone."""
    if not isinstance(value, list | tuple):
        return value
    return [{"scheme": item} if isinstance(item, str) else item for item in value]


class Parameters(Model):
    """The core parameters of a case. Paths are strings, tried against the file's folder first."""

    scheme: str = Field(min_length=1)
    data: str = Field(min_length=1)
    previous: str | None = None
    ratings: str | None = None
    changes: Changes = Field(default={})
    alternatives: Annotated[list[Alternative], BeforeValidator(_drafts_written)] = Field(
        default=[], max_length=MOST_DRAFTS
    )
    language: Literal["zh", "en"] = "zh"
    seed: int = Field(default=0, ge=0, strict=True)
    notebooks: tuple[str, ...] = (
        "01_assessment",
        "02_weights",
        "03_cutoffs",
        "04_sensitivity",
        "08_fairness",
    )
    knobs: dict[str, Any] = Field(
        default={}, exclude=True, description="parameters that only some notebooks declare"
    )


CORE = frozenset(Parameters.model_fields) - {"knobs"}


BOOKS = (".xlsx", ".xlsm")


def read_document(path: Path) -> Document:
    """A params.yaml; a workbook that holds scheme and data stands for one that names it as both."""
    if path.suffix.lower() in BOOKS:
        return Document({"scheme": path.name, "data": path.name}, {}, path.name)
    return read_yaml(path)


def read_parameters(path: Path, declared: Set[str] | None = None) -> Parameters:
    """Read and validate a params.yaml.

    `declared` are the parameters that the listed notebooks declare; None accepts any identifier as
    a knob.
    """
    document = read_document(path)
    return parameters_of(document.data, declared, document)


def parameters_of(
    data: Any, declared: Set[str] | None = None, document: Document | None = None
) -> Parameters:
    """Parameters from plain data; unknown keys are complaints that name the nearest known key."""
    name, line = (document.name, document.line) if document else (None, lambda path: None)
    if not isinstance(data, Mapping):
        raise InputError(
            Complaint(
                say(zh="应为“键: 值”的形式", en="expected keys and values (key: value)"), name
            )
        )
    core = {key: value for key, value in data.items() if key in CORE}
    knobs = {key: value for key, value in data.items() if key not in CORE}
    complaints = _knob_complaints(knobs, declared, document)
    try:
        parameters = validate(Parameters, core | {"knobs": knobs}, name, line)
    except InputError as error:
        raise InputError([*complaints, *error.complaints]) from None
    if complaints:
        raise InputError(complaints)
    return parameters


def _knob_complaints(
    knobs: Mapping[str, Any], declared: Set[str] | None, document: Document | None
) -> list[Complaint]:
    """Knobs that no notebook declares, and values that are no numbers; the first so many."""
    complaints: list[Complaint] = []
    for key, value in knobs.items():
        text = _knob_problem(key, value, declared)
        if text is None:
            continue
        if len(complaints) == MOST_COMPLAINTS:
            break
        if document is not None and key in document.data:
            complaints.append(Complaint(text, document.name, document.line((key,)), key))
        else:  # it was given on the command line
            complaints.append(Complaint(text, None, None, key))
    return complaints


def _knob_problem(key: str, value: Any, declared: Set[str] | None) -> Text | None:
    """What is wrong with a knob, if anything is."""
    if not _is_name(key) or (declared is not None and key not in declared):
        hint = nearest(key, CORE | (declared or set()))
        return say(zh="没有这个参数{hint}", en="unknown parameter{hint}", hint=hint)
    if isinstance(value, float) and not math.isfinite(value):
        return unexpected(value, Text("一个有限的数字", "a finite number"))
    return None


def _is_name(key: Any) -> bool:
    """Whether a notebook could declare this key."""
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)

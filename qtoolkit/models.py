"""What all validated models share: field types, and pydantic's errors as sentences in both
languages."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from qtoolkit import limits
from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest, one_of, unexpected
from qtoolkit.language import Text, say

SUM_TOLERANCE = 1e-9
"""How far a sum of points, or of weights, may be from what it must be."""


class Model(BaseModel):
    """Base of all models: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _to_text(value: Any) -> Any:
    return Text(value, value) if isinstance(value, str) else value


_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
            "required": ["zh", "en"],
            "additionalProperties": False,
        },
    ]
}
BilingualText = Annotated[Text, BeforeValidator(_to_text), WithJsonSchema(_SCHEMA)]
"""A text given as {zh, en}, or as one string for both."""


def _measurable(value: float) -> float:
    if 0 < abs(value) < limits.SMALLEST_NUMBER:
        raise wrong(limits.too_small(value))
    return value


_Float = Annotated[float, Strict(), AllowInfNan(False)]
_MOST, _MEASURABLE = Field(le=limits.NUMBER), AfterValidator(_measurable)
Number = Annotated[_Float, Field(ge=-limits.NUMBER), _MOST, _MEASURABLE]
Share = Annotated[_Float, Field(ge=0, le=1), _MEASURABLE]
Positive = Annotated[_Float, Field(gt=0), _MOST, _MEASURABLE]
Nonnegative = Annotated[_Float, Field(ge=0), _MOST, _MEASURABLE]
_Points = Annotated[float, Strict(), AllowInfNan(False), Field(le=limits.POINTS)]
Points = Annotated[_Points, Field(ge=0)]
SomePoints = Annotated[_Points, Field(gt=0)]
Flag = Annotated[bool, Strict()]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]

M = TypeVar("M", bound=BaseModel)


Path_ = tuple[str | int, ...]


def wrong(*complaints: Text | tuple[Path_, Text]) -> PydanticCustomError:
    """The error that a model's own check raises, with one or more complaints; a complaint may say
    at which part below the model it stands."""
    placed = [((), item) if isinstance(item, Text) else item for item in complaints]
    return PydanticCustomError("qtoolkit", "see complaints", {"complaints": placed})


def quota_unclear(found: Any) -> Text:
    """What is asked of a quota that may mean one unit or all of them."""
    return say(
        zh="名额为“{found}”，看不出是1家还是100%：1家请写 1，不限名额请删去此项，比例请写小于 1 "
        "的小数",
        en="the quota is “{found}”, which may mean one unit or 100%: write 1 for one unit, leave "
        "it out for no limit, "
        "write a share as a decimal below 1",
        found=found,
    )


def _count_or_share(value: Any, handler: Any) -> float:
    """A quota as a whole number of units or a share below 1; 1.0 may mean either."""
    number = handler(value)
    if isinstance(value, float) and value == 1:
        raise wrong(quota_unclear("1.0"))
    return int(number) if number >= 1 and number.is_integer() else number


Quota = Annotated[
    Nonnegative,
    WrapValidator(_count_or_share),
    PlainSerializer(lambda quota: quota, return_type=int | float),
]


PLACES = Text(
    "不小于 1 的整数（家数）、大于 0 且小于 1 的小数（占比）或 null（不限名额）",
    "a whole number of at least 1 (places), a number above 0 and below 1 (a share of the units), "
    "or null (no quota)",
)


def _places(value: Any) -> int | float | None:
    """A quota given anew: 3.0 is 3, since neither a frame nor every YAML tells them apart."""
    if value is None:
        return None
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number and 0 < value < 1:
        return float(value)
    if is_number and 1 <= value <= limits.NUMBER and value == int(value):
        return int(value)
    found = f'"{clip(value)}"' if isinstance(value, str) else _shown(value)
    raise wrong(unexpected(found, PLACES))


NewQuota = Annotated[
    int | float | None,
    PlainValidator(_places),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                {"type": "null"},
            ]
        }
    ),
]
"""A quota that takes the place of a scheme's: places, a share of the units, or none."""


def validate(
    model: type[M],
    data: Any,
    file: str | None,
    line: Callable[[tuple[Any, ...]], int | None] = lambda path: None,
) -> M:
    """`data` as a model, or an InputError with every complaint of it; `line` tells where a part of
    the data stands."""
    if not isinstance(data, dict):
        raise InputError(
            Complaint(
                say(zh="应为“键: 值”的形式", en="expected keys and values (key: value)"), file
            )
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = Problems()
        for item in error.errors(include_url=False):
            if item["type"] == "too_short" and item["input"]:
                continue  # of items that are complained of themselves
            place = _without_tags(item["loc"])
            for below, text in item.get("ctx", {}).get("complaints") or [
                ((), _sentence(item, place, model))
            ]:
                path = (*place, *below)
                problems.add(text, file=file, row=line(path), column=dotted(path, data))
        raise InputError(problems.complaints) from None
    except RecursionError:
        raise InputError(Complaint(say(zh="嵌套层次过深", en="nested too deeply"), file)) from None


def _without_tags(loc: Path_) -> Path_:
    """A place as the data have it: without pydantic's words for the kind of a rule and for a
    mapping's key."""
    return tuple(
        part for i, part in enumerate(loc) if part != "[key]" and not _is_rule_kind(loc, i)
    )


def _is_rule_kind(loc: Path_, i: int) -> bool:
    """Whether part `i` is the kind of an indicator's rule, which pydantic puts after the key
    `rule`."""
    return i > 1 and loc[i - 1] == "rule" and isinstance(loc[i - 2], int)


def dotted(path: Path_, data: Any) -> str | None:
    """A path into the data as people read it, list items by their id:
    indicators.quality.loss.points."""
    words, here = [], data
    for part in path:
        if isinstance(here, list | tuple) and isinstance(part, int) and part < len(here):
            here = here[part]
            id = here.get("id") if isinstance(here, dict) else None
            words.append(id if isinstance(id, str) else str(part + 1))
        else:
            here = here.get(part) if isinstance(here, dict) else None
            words.append(str(part))
    return ".".join(word for word in words if word != "children") or None


_SIGNS = {
    "greater_than_equal": ("不小于", "at least"),
    "greater_than": ("大于", "above"),
    "less_than_equal": ("不大于", "at most"),
    "less_than": ("小于", "below"),
}


# errors that are one sentence whatever was found, by pydantic's names of them
_FIXED = {
    "missing": Text("缺少此项", "this key is missing"),
    "union_tag_not_found": Text("缺少 kind（规则类别）", "the key kind is missing"),
    "string_too_short": Text("内容为空，应有文字", "found nothing, expected text"),
    "too_short": Text("内容为空，应至少有一项", "found nothing, expected at least one item"),
    "recursion_loop": Text("嵌套层次过深", "nested too deeply"),
}
_NUMBER, _WHOLE = Text("一个数字", "a number"), Text("一个整数", "a whole number")
_TRUTH = Text("true 或 false", "true or false")
_WORDS = Text("文字（数字须加引号）", "text (a number needs quotes)")
_LIST = Text("列表（每项以“- ”开头）", "a list (each item starts with “- ”)")
_BOTH_WORDINGS = Text("文字，或 {zh: , en: } 两种文字", "text, or both wordings as {zh: , en: }")
_KEYS = Text("“键: 值”的形式", "keys and values (key: value)")
_NAME = Text(
    "字母、数字和下划线，以字母开头", "a letter followed by letters, digits and underscores"
)
_NAME_WITH_DASHES = Text(
    "字母、数字、下划线和连字符，不以符号开头",
    "letters, digits, underscores and hyphens, no sign first",
)
# what should have stood there, by pydantic's names of the errors
_WANTED = {
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "string_type": _WORDS,
    "string_unicode": _WORDS,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dataclass_type": _BOTH_WORDINGS,
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "mapping_type": _KEYS,
}


def _sentence(item: Any, place: Path_, model: type[BaseModel]) -> Text:
    """One pydantic error in both languages."""
    kind = item["type"]
    if kind in _WANTED:
        return unexpected(_shown(item["input"]), _WANTED[kind])
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _SIGNS:
        return _beyond_bound(item)
    match kind:
        case "extra_forbidden" | "unexpected_keyword_argument":
            hint = nearest(str(place[-1]), _known_keys(model, item["loc"][:-1]))
            return say(zh="没有这个键{hint}", en="unknown key{hint}", hint=hint)
        case "literal_error" | "union_tag_invalid":
            return _none_of_these(item)
        case "string_pattern_mismatch":
            dashes = "_-]" in item.get("ctx", {}).get("pattern", "")
            return unexpected(_shown(item["input"]), _NAME_WITH_DASHES if dashes else _NAME)
        case "string_too_long":
            return say(
                zh="内容为“{found}”，应不超过{most}个字符",
                en="found “{found}”, expected at most {most} characters",
                found=_shown(item["input"]),
                most=item["ctx"]["max_length"],
            )
        case "too_long":
            return say(
                zh="共有{found}项，应不超过{most}项",
                en="found {found} items, expected at most {most}",
                found=item["ctx"]["actual_length"],
                most=item["ctx"]["max_length"],
            )
    return say(
        zh="内容为“{found}”，不符合要求",
        en="found “{found}”, which is not valid",
        found=_shown(item["input"]),
    )


def _none_of_these(item: Any) -> Text:
    """A word that is none of those that may stand here."""
    context = item.get("ctx", {})
    expected = str(context.get("expected") or context.get("expected_tags"))
    word = _shown(context.get("tag", item["input"]))
    names = [name.strip("' ") for name in expected.replace(" or ", ", ").split(",")]
    return unexpected(word, one_of(names), hint=nearest(str(word), names))


def _beyond_bound(item: Any) -> Text:
    """A number that is too small or too large."""
    return say(
        zh="内容为“{found}”，应{sign} {bound:.10g}",
        en="found “{found}”, expected {sign} {bound:.10g}",
        found=_shown(item["input"]),
        sign=Text(*_SIGNS[item["type"]]),
        bound=next(iter(item.get("ctx", {}).values())),
    )


def _shown(value: Any) -> Any:
    """A found value as a sentence shows it."""
    match value:
        case None:
            return Text("空", "nothing")
        case bool():
            return str(value).lower()
        case dict():
            return Text("键和值", "keys and values")
        case list() | tuple():
            return Text("列表", "a list")
    return clip(value)


def _known_keys(model: type[BaseModel], loc: Path_) -> set[str]:
    """The keys that are known at a place."""
    here: list[Any] = [model]
    for i, part in enumerate(loc):
        if isinstance(part, int):
            continue
        if _is_rule_kind(loc, i):
            here = [kind for kind in here if part in str(kind.model_fields["kind"].annotation)]
            continue
        fields = [
            kind.model_fields[part] for kind in here if part in getattr(kind, "model_fields", {})
        ]
        here = [kind for field in fields for kind in _kinds(field.annotation)]
    return {key for kind in here for key in getattr(kind, "model_fields", ("zh", "en"))}


def _kinds(annotation: Any) -> list[Any]:
    """The models, and Text, that an annotation names."""
    if isinstance(annotation, type) and (annotation is Text or issubclass(annotation, BaseModel)):
        return [annotation]
    return [kind for part in getattr(annotation, "__args__", ()) for kind in _kinds(part)]

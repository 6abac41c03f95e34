"""What all validated models share: field types, and pydantic's errors as sentences in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import (
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from qtoolkit.errors import Complaint, InputError, nearest
from qtoolkit.language import Text, say


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

Number = Annotated[float, Strict(), AllowInfNan(False)]
Share = Annotated[Number, Field(ge=0, le=1)]
Positive = Annotated[Number, Field(gt=0)]
Nonnegative = Annotated[Number, Field(ge=0)]
Flag = Annotated[bool, Strict()]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=64)]

M = TypeVar("M", bound=BaseModel)


def wrong(*texts: Text) -> PydanticCustomError:
    """The error that a model's own check raises, with one or more complaints."""
    return PydanticCustomError("qtoolkit", "see texts", {"texts": texts})


def validate(model: type[M], data: Any, file: str | None, line: Callable[[tuple], int | None] = lambda path: None) -> M:
    """`data` as a model, or an InputError with every complaint of it; `line` tells where a part of the data stands."""
    if not isinstance(data, dict):
        raise InputError(Complaint(say(zh="应为“键: 值”的形式", en="expected keys and values (key: value)"), file))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError(
            Complaint(text, file, line(item["loc"]), dotted(item["loc"], data))
            for item in error.errors()
            for text in item.get("ctx", {}).get("texts") or [_sentence(item, model)]
        ) from None


def dotted(path: tuple, data: Any) -> str | None:
    """A path into the data as people read it, list items by their id: indicators.quality.loss.points."""
    words, here = [], data
    for part in path:
        if isinstance(here, dict) and part in here:
            here = here[part]
            words.append(str(part))
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            words.append(str(here.get("id", part + 1)) if isinstance(here, dict) else str(part + 1))
        elif part == path[-1] and isinstance(part, str):
            words.append(part)
    return ".".join(word for word in words if word != "children") or None


def _sentence(item: Any, model: type[BaseModel]) -> Text:
    """One pydantic error in both languages."""
    kind, found, context = item["type"], item["input"], item.get("ctx", {})
    shown = found if isinstance(found, str | int | float | bool) or found is None else type(found).__name__
    match kind:
        case "missing":
            return say(zh="缺少此项", en="this key is missing")
        case "extra_forbidden" | "unexpected_keyword_argument":
            return say(zh="没有这个键{hint}", en="unknown key{hint}", hint=nearest(item["loc"][-1], _keys(model)))
        case "literal_error" | "union_tag_invalid":
            expected = str(context.get("expected") or context.get("expected_tags"))
            tag = context.get("tag", shown)
            names = [name.strip("' ") for name in expected.replace(" or ", ", ").split(",")]
            want = say(
                zh="内容为“{found}”,应为 {names} 之一{hint}",
                en="found “{found}”, expected one of {names}{hint}",
                found=tag,
                names=", ".join(names),
                hint=nearest(str(tag), names),
            )
            return want
        case "union_tag_not_found":
            return say(zh="缺少 kind", en="the key kind is missing")
        case "float_type" | "float_parsing" | "int_type" | "int_parsing" | "finite_number" | "int_from_float":
            return say(zh="内容为“{found}”,应为一个数字", en="found “{found}”, expected a number", found=shown)
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            sign = {"greater_than_equal": "≥", "greater_than": ">", "less_than_equal": "≤", "less_than": "<"}[kind]
            bound = next(iter(context.values()))
            return say(
                zh="内容为 {found},应 {sign} {bound}",
                en="found {found}, expected {sign} {bound}",
                found=shown,
                sign=sign,
                bound=f"{bound:g}",
            )
        case "string_pattern_mismatch":
            return say(
                zh="内容为“{found}”,应以字母开头,只含字母、数字和下划线",
                en="found “{found}”, expected a letter followed by letters, digits and underscores",
                found=shown,
            )
        case "bool_type":
            return say(
                zh="内容为“{found}”,应为 true 或 false", en="found “{found}”, expected true or false", found=shown
            )
        case "string_type":
            return say(zh="内容为“{found}”,应为文字", en="found “{found}”, expected text", found=shown)
    return say(
        zh="内容为“{found}”,不符合要求({why})",
        en="found “{found}”, which is not valid ({why})",
        found=shown,
        why=item["msg"],
    )


def _keys(model: type[BaseModel], seen: frozenset = frozenset()) -> set[str]:
    """All keys that the model and the models in its fields know."""
    if model in seen:
        return set()
    seen |= {model}
    keys = set(model.model_fields)
    for info in model.model_fields.values():
        for inner in _models(info.annotation):
            keys |= _keys(inner, seen)
    return keys


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]

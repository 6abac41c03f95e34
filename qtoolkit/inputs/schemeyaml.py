"""A scheme as the text of a scheme.yaml, and plain data as YAML that every version of it reads
alike."""

from __future__ import annotations

import io
import math
import re
from decimal import Decimal
from typing import Any

from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.yamltext import is_ambiguous


def scheme_yaml(scheme: Scheme) -> str:
    """The scheme as the text of a scheme.yaml that reads back equal."""
    data = scheme.model_dump(mode="json", exclude_defaults=True)
    pending = list(data["indicators"])
    while pending:
        node = pending.pop()
        pending += node.get("children", [])
        if "rule" in node:
            node["rule"].setdefault("kind", "share")
    return yaml_of(data)


def yaml_of(data: dict[str, Any]) -> str:
    """Plain data as YAML; text that versions of YAML read differently is quoted.

    >>> yaml_of({"language": "zh", "name": "no"})
    'language: zh\\nname: "no"\\n'
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    def quoted(part: Any) -> Any:
        if isinstance(part, dict):
            return {quoted(key): quoted(value) for key, value in part.items()}
        if isinstance(part, list):
            return [quoted(item) for item in part]
        if isinstance(part, str) and (is_ambiguous(part) or _ODD_TEXT.search(part)):
            return DoubleQuotedScalarString(part)
        return part

    yaml, out = YAML(), io.StringIO()
    # leaves of the data on one line
    yaml.width, yaml.default_flow_style, yaml.allow_unicode = 4096, None, True
    yaml.Representer = _representer()
    yaml.dump(quoted(data), out)
    return out.getvalue()


_ODD_TEXT = re.compile("^[?]|[\x7f-\x9f\u2028\u2029\ufeff]")
"""Text that comes back changed unless it is in quotation marks: line breaks of Unicode, a mark of a
key."""


def _representer() -> type:
    """Numbers as plain decimals: versions of YAML read 1e-05 differently."""
    from ruamel.yaml.representer import RoundTripRepresenter

    class Plain(RoundTripRepresenter):
        def represent_float(self, number: float) -> Any:
            if not math.isfinite(number):
                return super().represent_float(number)
            text = f"{Decimal(repr(number)):f}"
            return self.represent_scalar(
                "tag:yaml.org,2002:float", text if "." in text else f"{text}.0"
            )

    Plain.add_representer(float, Plain.represent_float)
    return Plain

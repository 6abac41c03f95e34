"""Strict YAML: YAML 1.2, no duplicate keys, no tags or anchors, nothing that YAML 1.1 reads differently."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from qtoolkit.errors import InputError, Problems
from qtoolkit.inputs.files import read_text
from qtoolkit.language import say

# Plain scalars that YAML 1.1 (PyYAML, hence `papermill -f`) and YAML 1.2 read as different values.
_AMBIGUOUS = re.compile(
    r"""( y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF        # booleans of 1.1
        | [-+]?0[0-9_]+ | [-+]?0[ob][0-7_]+                        # octal and binary numbers
        | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?             # base 60
        | [-+]?[0-9]+[eE][-+]?[0-9]+ | [-+]?[0-9]*\.[0-9]*[eE][0-9]+   # floats that 1.1 takes for text
        | [-+]?[0-9][0-9]*_[0-9_.]*                                # digits grouped by underscores
        | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?               # dates
        | = | << )""",
    re.VERBOSE,
)
_TAG = "tag:yaml.org,2002:"

Path_ = tuple[str | int, ...]


class Document:
    """Plain data of a YAML file, and the line on which each part stands."""

    def __init__(self, data: Any, lines: dict[Path_, int], name: str):
        self.data, self.lines, self.name = data, lines, name

    def line(self, path: Path_) -> int | None:
        """The line of the part at `path`, or of the nearest part around it; path parts that are not in the data (tags of
        a union) are skipped."""
        known: Path_ = ()
        for part in path:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known)


def read_yaml(path: Path) -> Document:
    """Read one YAML file."""
    return parse_yaml(read_text(path), path.name)


def parse_yaml(text: str, name: str) -> Document:
    """Read YAML text; `name` is what complaints call it.

    >>> parse_yaml("a: [1, two]", "x.yaml").data
    {'a': [1, 'two']}
    """
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems = Problems()
        problems.add(
            say(zh="不是有效的 YAML:{why}", en="not valid YAML: {why}", why=error.problem or error.context or ""),
            file=name,
            row=mark.line + 1 if mark else None,
        )
        raise InputError(problems.complaints) from None
    except YAMLError as error:
        why = " ".join(str(error).split())
        raise InputError(
            say(zh="{name}:不是有效的 YAML:{why}", en="{name}: not valid YAML: {why}", name=name, why=why)
        ) from None
    builder = _Builder(name)
    data = builder.build(node, ()) if node is not None else None
    builder.problems.stop()
    return Document(data, builder.lines, name)


class _Builder:
    def __init__(self, name: str):
        self.name, self.lines, self.problems = name, {}, Problems()

    def build(self, node: Node, path: Path_) -> Any:
        row = node.start_mark.line + 1
        self.lines.setdefault(path, row)
        if node.anchor:
            self.refuse(row, say(zh="不支持锚点和别名(&、*)", en="anchors and aliases (&, *) are not supported"))
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        return self.scalar(node, row)

    def mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            row = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, ScalarNode) else None
            if key is None:
                self.refuse(row, say(zh="键应为一个词", en="a key must be one word"))
            elif key in result:
                self.refuse(row, say(zh="键“{key}”重复", en="duplicate key “{key}”", key=key))
            else:
                self.lines[(*path, key)] = row
                result[key] = self.build(value_node, (*path, key))
        return result

    def scalar(self, node: ScalarNode, row: int) -> Any:
        text, kind = node.value, str(node.tag).removeprefix(_TAG)
        if node.style is None and _AMBIGUOUS.fullmatch(text):
            self.refuse(
                row,
                say(
                    zh="“{text}”在不同版本的 YAML 中含义不同,文字请加引号,数字请写成普通小数",
                    en="“{text}” means different things in YAML 1.1 and 1.2: quote text, write numbers plainly",
                    text=text,
                ),
            )
            return text
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 0)
            case "float":
                return float(
                    text.replace(".inf", "inf").replace(".Inf", "inf").replace(".nan", "nan").replace(".NaN", "nan")
                )
            case "str" | "timestamp":
                return text
        self.refuse(row, say(zh="不支持标签“{tag}”", en="the tag “{tag}” is not supported", tag=node.tag))
        return text

    def refuse(self, row: int, text: Any) -> None:
        self.problems.add(text, file=self.name, row=row)

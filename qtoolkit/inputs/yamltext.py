"""Strict YAML: YAML 1.2, no duplicate keys, no tags or anchors, nothing that YAML 1.1 reads
differently."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from qtoolkit import limits
from qtoolkit.errors import Complaint, InputError, Problems, clip
from qtoolkit.inputs.files import read_text
from qtoolkit.inputs.numbertext import UNPRINTABLE, is_underflow
from qtoolkit.language import Text, say

# Plain scalars that YAML 1.1 (PyYAML, hence `papermill -f`) and YAML 1.2 read as different values.
_AMBIGUOUS = re.compile(
    r"""( y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF        # booleans of 1.1
        | [-+]?0[0-9_]+ | [-+]?0[ob][0-7_]+                        # octal and binary numbers
        | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?             # base 60
        | [-+]?[0-9]+[eE][-+]?[0-9]+                               # floats that 1.1
        | [-+]?[0-9]*\.[0-9]*[eE][0-9]+                            # takes for text
        | [-+]?[0-9][0-9]*_[0-9_.]*                                # digits grouped by underscores
        | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?               # dates
        | = | << )""",
    re.VERBOSE,
)
_TAG = "tag:yaml.org,2002:"

Path_ = tuple[str | int, ...]


def is_ambiguous(text: str) -> bool:
    """Whether YAML 1.1 and 1.2 read an unquoted text as different values."""
    return _AMBIGUOUS.fullmatch(text) is not None


class Document:
    """Plain data of a YAML file, and the line on which each part stands."""

    def __init__(self, data: Any, lines: dict[Path_, int], name: str):
        self.data, self.lines, self.name = data, lines, name

    def line(self, path: Path_) -> int | None:
        """The line of the part at `path`, or of the nearest part around it; path parts that are not
        in the data (tags of a union) are skipped."""
        known: Path_ = ()
        for part in path:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known)


def read_yaml(path: Path) -> Document:
    """Read one YAML file."""
    return parse_yaml(read_text(path, limits.YAML_BYTES), path.name)


def parse_yaml(text: str, name: str) -> Document:
    """Read YAML text; `name` is what complaints call it.

    >>> parse_yaml("a: [1, two]", "x.yaml").data
    {'a': [1, 'two']}
    """
    found = _parsed(text, name)
    return Document(deepcopy(found.data), found.lines, name)


@lru_cache(maxsize=8)  # a run reads its files more than once
def _parsed(text: str, name: str) -> Document:
    """What :func:`parse_yaml` gives, its data kept."""
    node = compose(text, name)
    builder = _Builder(name)
    try:
        data = builder.build(node, ()) if node is not None else None
    except RecursionError:
        raise _too_deep(name) from None
    builder.problems.stop()
    return Document(data, builder.lines, name)


@lru_cache(maxsize=2)  # a text that is edited is read as well
def compose(text: str, name: str) -> Node | None:
    """The nodes of YAML text, each with the marks between which it stands; None of no text. They
    are kept: whoever asks for them leaves them as they are.

    >>> node = compose("a: [1, two]", "x.yaml")
    >>> [(key.value, value.start_mark.index, value.end_mark.index) for key, value in node.value]
    [('a', 3, 11)]
    """
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > limits.YAML_LINE:
            what = Text("本行字符数", "characters of this line")
            raise limits.too_large(name, what, len(line), limits.YAML_LINE, number)
    try:
        reader = YAML(typ="safe", pure=True)
        reader.Composer = _composer(name)
        reader.composer.warn_double_anchors = False
        return reader.compose(text)  # type: ignore[no-any-return]
    except InputError:
        raise
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(
            Complaint(_reason(error.problem or ""), name, mark.line + 1 if mark else None)
        ) from None
    except ReaderError as error:
        row = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise InputError(Complaint(_INVISIBLE, name, row)) from None
    except RecursionError:
        raise _too_deep(name) from None
    except (YAMLError, ValueError, OverflowError):
        raise InputError(Complaint(_reason(""), name)) from None


def _too_deep(name: str) -> InputError:
    return InputError(Complaint(say(zh="嵌套层次过深", en="nested too deeply"), name))


_INVISIBLE = Text(
    "有不可见的控制字符，请删去", "there is an invisible control character: delete it"
)


def _composer(name: str) -> type[Composer]:
    """A composer that refuses a document which is too large or too deep while it reads it."""

    class Limited(Composer):
        composed = inside = 0

        def compose_node(self, *place: Any) -> Any:
            self.composed, self.inside = self.composed + 1, self.inside + 1
            row = self.parser.peek_event().start_mark.line + 1
            for what, found, most in (
                (Text("键和值的个数", "keys and values"), self.composed, limits.YAML_VALUES),
                (Text("嵌套层数", "nested levels"), self.inside, limits.YAML_DEPTH),
            ):
                if found > most:
                    raise limits.too_large(name, what, found, most, row)
            node = super().compose_node(*place)
            self.inside -= 1
            return node

    return Limited


_REASONS = {
    "\\t": Text("缩进用了制表符（Tab），请改用空格", "indented by a tab: use spaces"),
    "undefined alias": Text(
        "不支持锚点和别名（&、*），以 & 或 * 开头的文字请加引号",
        "anchors and aliases (&, *) are not supported: quote text that starts with & or *",
    ),
    "mapping values are not allowed": Text(
        "此处不应有冒号，请检查缩进，含冒号的文字请加引号",
        "a colon is not allowed here: check the indentation, and quote text that holds a colon",
    ),
    "could not find expected ':'": Text(
        "键的后面应有冒号和空格", "a key must be followed by a colon and a space"
    ),
    "another document": Text(
        "只能有一个文档（文件中不应有第二个 ---）",
        "there must be one document only (no second ---)",
    ),
    "stream end": Text("括号没有成对", "a bracket is not closed"),
    "end of stream": Text("引号或括号没有成对", "a quote or bracket is not closed"),
    "cannot start any token": Text(
        "文字不能以此处的符号开头，请加引号", "text cannot start with this sign: quote it"
    ),
    "expected <block end>": Text(
        "缩进不齐，或引号、括号没有成对", "uneven indentation, or a quote or bracket is not closed"
    ),
    "expected ',' or": Text(
        "括号内各项应以逗号分隔，括号应成对",
        "items in brackets need commas, and brackets must be closed",
    ),
    "duplicate anchor": Text(
        "不支持锚点和别名（&、*）", "anchors and aliases (&, *) are not supported"
    ),
}
_UNKNOWN_REASON = Text(
    "请检查本行及上一行的缩进、冒号和引号",
    "check indentation, colons and quotes of this line and the one before",
)


def _reason(problem: str) -> Text:
    """What the parser complains of, in words for those who do not know YAML."""
    why = next((text for part, text in _REASONS.items() if part in problem), _UNKNOWN_REASON)
    return say(zh="不是有效的 YAML：{why}", en="not valid YAML: {why}", why=why)


class _Builder:
    def __init__(self, name: str):
        self.name, self.problems = name, Problems()
        self.lines: dict[Path_, int] = {}

    def build(self, node: Node, path: Path_) -> Any:
        row = node.start_mark.line + 1
        self.lines.setdefault(path, row)
        if node.anchor:
            self.refuse(row, _REASONS["duplicate anchor"])
            return None
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self.scalar(node, row)
        return self.refuse_tag(node, row)

    def mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            row = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, ScalarNode) else None
            if key is None:
                self.refuse(row, say(zh="键应为一个词", en="a key must be one word"))
                continue
            if key_node.anchor:
                self.refuse(row, _REASONS["duplicate anchor"])
            # for its complaints: a key is text, but must mean the same to every reader
            self.scalar(key_node, row)
            if key in result:
                self.refuse(row, say(zh="键“{key}”重复", en="duplicate key “{key}”", key=clip(key)))
            else:
                self.lines[(*path, key)] = row
                result[key] = self.build(value_node, (*path, key))
        return result

    def scalar(self, node: ScalarNode, row: int) -> Any:
        text, kind = node.value, str(node.tag).removeprefix(_TAG)
        if UNPRINTABLE.search(text):  # written as an escape
            self.refuse(
                row,
                say(
                    zh="“{text}”中有不可见的控制字符，请删去",
                    en="“{text}” holds an invisible control character: delete it",
                    text=clip(text),
                ),
            )
            return ""
        if node.style is None and is_ambiguous(text):
            self.refuse(
                row,
                say(
                    zh="“{text}”在不同版本的 YAML 中含义不同，文字请加引号，数字请写成普通小数",
                    en="“{text}” means different things in YAML 1.1 and 1.2: quote text, write "
                    "numbers plainly",
                    text=clip(text),
                ),
            )
            return text
        try:
            match kind:
                case "null":
                    return None
                case "bool" if text.lower() in ("true", "false"):
                    return text.lower() == "true"
                case "int":
                    return int(text, 0)
                case "float" if is_underflow(text):
                    self.refuse(row, limits.too_small(text))
                    return text
                case "float":
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
                case "str" | "timestamp":
                    return text
        except ValueError:
            self.refuse(
                row, say(zh="“{text}”不是一个数字", en="“{text}” is not a number", text=clip(text))
            )
            return text
        return self.refuse_tag(node, row)

    def refuse_tag(self, node: Node, row: int) -> None:
        tag = str(node.tag).replace(_TAG, "!!")
        self.refuse(
            row, say(zh="不支持标签“{tag}”", en="the tag “{tag}” is not supported", tag=clip(tag))
        )

    def refuse(self, row: int, text: Any) -> None:
        self.problems.add(text, file=self.name, row=row)

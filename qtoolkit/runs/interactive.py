"""A kernel that meets its user: errors are the sentence alone, and code typed with Chinese
punctuation is read as it was meant.

`%load_ext qtoolkit.runs.interactive`; JupyterLab as `qtoolkit lab` starts it, and :func:`qtoolkit.
open`, load it.
"""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from qtoolkit import display
from qtoolkit.errors import InputError, WorkError

RED, PLAIN = "\x1b[31m", "\x1b[0m"
SIGNS = str.maketrans("，（）：；【】＝", ",():;[]=")
OPENING = {"“": "”", "”": "“", "‘": "’", "’": "‘"}
TWINS = {"“": '"', "”": '"', "‘": "'", "’": "'"}
DRIVE = re.compile(r"""(["'])[A-Za-z]:\\[^"'\n]*\1""")  # a path of Windows between quotes


def shell() -> Any:
    """The IPython that runs this code; None where there is none."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def load_ipython_extension(ipython: Any) -> None:
    """Meet the user of this IPython; once is enough."""
    if as_typed not in ipython.input_transformers_cleanup:
        ipython.set_custom_exc((InputError, WorkError), _say)
        ipython.input_transformers_cleanup.append(as_typed)


def _say(
    ipython: Any, kind: type, error: Exception, trace: Any, tb_offset: Any = None
) -> list[str]:
    """Show an error as its sentences, without a traceback."""
    lines = [f"{RED}{sentence}{PLAIN}" for sentence in sentences(error)]
    ipython._showtraceback(kind, error, lines)
    return lines


def sentences(error: Exception) -> list[str]:
    """What an error says, in the language of the notebook."""
    if isinstance(error, InputError):
        return error.sentences(display.spoken())
    return [error.text.of(display.spoken())] if isinstance(error, WorkError) else [str(error)]


def as_typed(lines: list[str]) -> list[str]:
    """The lines of a cell; where they are no Python, with Chinese punctuation outside of strings
    read as its English twin, and backslashes of a Windows path as slashes. What is no Python then
    either stays as it was.

    >>> as_typed(["name = “甲，乙”，1"])
    ['name = "甲，乙",1']
    >>> as_typed(["x = 'C:\\\\Users\\\\a.csv'"])
    ["x = 'C:/Users/a.csv'"]
    >>> as_typed(['x = "甲”'])
    ['x = "甲"']
    >>> as_typed(["x = “甲"])
    ['x = “甲']
    """
    source = "".join(lines)
    if _is_python(source):
        return lines
    meant = DRIVE.sub(lambda found: found[0].replace("\\", "/"), _with_english_signs(source))
    return meant.splitlines(keepends=True) if _is_python(meant) else lines


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _with_english_signs(source: str) -> str:
    """Code with Chinese punctuation outside of strings and comments in English; quotation marks
    too, with what stands between them kept."""
    made, at = [], 0
    while at < len(source):
        sign = source[at]
        if sign in OPENING:
            end = _closing(source, at)
            made.append(f'"{source[at + 1 : end]}"' if end > at else sign)
            at = max(end, at) + 1
        elif (end := _closed_in_chinese(source, at)) > at:
            made.append(f"{sign}{source[at + 1 : end]}{sign}")
            at = end + 1
        elif sign in "\"'#":
            length = _kept(source, at)
            made.append(source[at : at + length])
            at += length
        else:
            made.append(sign.translate(SIGNS))
            at += 1
    return "".join(made)


def _closing(source: str, at: int) -> int:
    """Where the Chinese quotation mark at `at` is closed in its line, if need be by its English
    twin; -1 where it is not."""
    line = source[: _line_end(source, at)]
    end = _first_of({source[at], OPENING[source[at]]}, line, at + 1)
    return end if end >= 0 else line.find(TWINS[source[at]], at + 1)


def _closed_in_chinese(source: str, at: int) -> int:
    """Where the English quotation mark at `at`, whose line holds no other, is closed by a Chinese
    one; -1 where it is not."""
    line = source[: _line_end(source, at)]
    if source[at] not in TWINS.values() or line.find(source[at], at + 1) >= 0:
        return -1
    return _first_of({sign for sign, twin in TWINS.items() if twin == source[at]}, line, at + 1)


def _line_end(source: str, at: int) -> int:
    end = source.find("\n", at)
    return len(source) if end < 0 else end


def _first_of(signs: set[str], text: str, start: int) -> int:
    """The place of the first of the signs from `start` on; -1 without any."""
    return next((place for place in range(start, len(text)) if text[place] in signs), -1)


def _kept(source: str, at: int) -> int:
    """How long the string or the comment is that begins here."""
    if source[at] == "#":
        return _line_end(source, at) - at
    mark = source[at] * 3 if source.startswith(source[at] * 3, at) else source[at]
    found = re.compile(rf"(?:\\.|(?!{mark}).)*{mark}", re.DOTALL).match(source, at + len(mark))
    return found.end() - at if found else len(mark)

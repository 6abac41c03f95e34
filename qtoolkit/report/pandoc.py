"""pandoc, called on the memo's HTML in a folder of its own."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from qtoolkit.errors import WorkError
from qtoolkit.language import say

EPOCH = 946684800  # the moment that every file carries, so that equal input gives equal bytes

# Names given in Div classes become paragraph styles in Word and functions in typst.
_FILTER = """
local styles = {note = "Note", footing = "Footing"}
function Div(div)
  local name = div.classes[1]
  if FORMAT == "typst" then
    return pandoc.Blocks{pandoc.RawBlock("typst", "#" .. name .. "[")} .. div.content
      .. pandoc.Blocks{pandoc.RawBlock("typst", "]")}
  end
  div.attributes["custom-style"] = styles[name]
  return styles[name] and div or div.content
end
"""
_PICTURE = re.compile(r'src="data:image/png;base64,([^"]*)"')


def run(*options: str, given: str | bytes = b"", folder: Path | None = None) -> bytes:
    """What pandoc writes, given standard input and the folder it works in."""
    import pypandoc

    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    given = given.encode() if isinstance(given, str) else given
    command = [pypandoc.get_pandoc_path(), *options]
    done = subprocess.run(command, input=given, capture_output=True, cwd=folder, env=environment)
    if done.returncode or done.stderr:
        why = done.stderr.decode(errors="replace").strip()
        raise WorkError(say(zh="pandoc 未能生成报告\uff1a{why}", en="pandoc could not make the memo: {why}", why=why))
    return done.stdout


def convert(body: str, folder: Path, *options: str, files: Mapping[str, bytes]) -> bytes:
    """The body through pandoc, its pictures and the named files laid in `folder`, where pandoc works."""
    for name, content in {**files, "filter.lua": _FILTER.encode()}.items():
        (folder / name).write_bytes(content)
    count = 0

    def lay(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        (folder / f"{count}.png").write_bytes(base64.b64decode(found[1]))
        return f'src="{count}.png"'

    given = _PICTURE.sub(lay, body)
    flags = ["--lua-filter=filter.lua", "--shift-heading-level-by=-1", "--wrap=none"]
    return run("-f", "html-auto_identifiers", *flags, *options, given=given, folder=folder)

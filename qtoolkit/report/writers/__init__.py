"""The formats of the memo, each written from the same document."""

from pathlib import Path

EPOCH = 946684800  # the moment that every file carries, so that equal input gives equal bytes
STYLE = Path(__file__).parent / "style"

"""The formats of the memo, each written from the same document."""

from datetime import UTC, datetime
from pathlib import Path

# by every file, so that equal input gives equal bytes
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
STYLE = Path(__file__).parent / "style"

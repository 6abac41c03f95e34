"""How many random examples a test draws: a share by default, all of them with `pytest -m "soak or
not soak"`."""

import os

# set by conftest.py, so that workers know it too
ALL = os.environ.get("QTOOLKIT_ALL_EXAMPLES") == "1"


def share(number: int, least: int = 12) -> int:
    """`number` where everything was asked for, else a sixth of it, `least` at least."""
    return number if ALL else min(number, max(least, number // 6))

"""What our own processes leave unimported, to begin sooner."""

from __future__ import annotations

import sys


def skip_address_grammar() -> None:
    """Let jsonschema, which comes with nbformat, do without its grammar of web addresses: building
    it takes a second, and no notebook is checked by it. Only for processes that are ours alone."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

"""The leaf rules, each whole in a file of its own: the data that a scheme gives, how it marks, the
values it understands, the columns it asks for, its sentence, its formula in a workbook.

Every file of this room is read, so that a new rule is one new file (see
:mod:`qtoolkit.rules.base`).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from qtoolkit.rules.base import LeafRule


def _every_kind() -> dict[str, type[LeafRule]]:
    """The rules of all files of this room by kind, in the order of their places."""
    for file in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{file.name}")
    kinds = sorted(LeafRule.__subclasses__(), key=lambda rule: (rule.place, rule.__name__))
    return {get_args(rule.model_fields["kind"].annotation)[0]: rule for rule in kinds}


RULES = _every_kind()
"""The kind of a rule, as scheme.yaml has it, to its class."""

if TYPE_CHECKING:
    Rule = LeafRule
else:
    Rule = Annotated[reduce(or_, RULES.values()), Field(discriminator="kind")]

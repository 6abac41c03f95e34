"""qtoolkit: test indicator points, grade cutoffs and the robustness of grades before an assessment
scheme is fixed.

Topic modules (`qtoolkit.robustness`, `qtoolkit.regions`, ...) are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtoolkit import alternatives as alternatives
    from qtoolkit import appeals as appeals
    from qtoolkit import assessment as assessment
    from qtoolkit import comparison as comparison
    from qtoolkit import cutoffs as cutoffs
    from qtoolkit import decisions as decisions
    from qtoolkit import decomposition as decomposition
    from qtoolkit import drafts as drafts
    from qtoolkit import fairness as fairness
    from qtoolkit import importance as importance
    from qtoolkit import new_indicators as new_indicators
    from qtoolkit import panel as panel
    from qtoolkit import programmes as programmes
    from qtoolkit import regions as regions
    from qtoolkit import report as report
    from qtoolkit import robustness as robustness
    from qtoolkit import simulation as simulation
    from qtoolkit import strictness as strictness
    from qtoolkit import targets as targets
    from qtoolkit import tuning as tuning
    from qtoolkit import verification as verification
    from qtoolkit import weighting as weighting
    from qtoolkit.assessment import Assessment as Assessment
    from qtoolkit.assessment import assess as assess
    from qtoolkit.errors import InputError as InputError
    from qtoolkit.errors import WorkError as WorkError
    from qtoolkit.inputs.case import Case as Case
    from qtoolkit.inputs.case import read_case as read_case
    from qtoolkit.inputs.scheme import Scheme as Scheme
    from qtoolkit.inputs.table import Table as Table
    from qtoolkit.runs.executors import executor as executor
    from qtoolkit.runs.opening import open as open
    from qtoolkit.runs.run import run as run

__version__ = "0.1.0"

_NAMES = {
    "assess": "qtoolkit.assessment",
    "Assessment": "qtoolkit.assessment",
    "read_case": "qtoolkit.inputs.case",
    "Case": "qtoolkit.inputs.case",
    "Scheme": "qtoolkit.inputs.scheme",
    "Table": "qtoolkit.inputs.table",
    "InputError": "qtoolkit.errors",
    "WorkError": "qtoolkit.errors",
    "executor": "qtoolkit.runs.executors",
    "open": "qtoolkit.runs.opening",
    "run": "qtoolkit.runs.run",
}
_MODULES = (
    "alternatives",
    "appeals",
    "assessment",
    "comparison",
    "cutoffs",
    "decisions",
    "decomposition",
    "drafts",
    "fairness",
    "importance",
    "new_indicators",
    "panel",
    "programmes",
    "regions",
    "report",
    "robustness",
    "simulation",
    "strictness",
    "targets",
    "tuning",
    "verification",
    "weighting",
)

__all__ = [*_NAMES, *_MODULES]


if not TYPE_CHECKING:  # type checkers read the imports above

    def __getattr__(name: str) -> object:
        if name in _NAMES:
            return getattr(importlib.import_module(_NAMES[name]), name)
        if name in _MODULES:
            return importlib.import_module(f"qtoolkit.{name}")
        raise AttributeError(f"module 'qtoolkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

"""qtoolkit: test indicator points, grade cutoffs and the robustness of grades before an assessment
scheme is fixed.

Topic modules (`qtoolkit.robustness`, `qtoolkit.regions`, ...) are loaded when they are first used.
"""

from __future__ import annotations

import importlib

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
    "run": "qtoolkit.runs.run",
}
_MODULES = (
    "alternatives",
    "assessment",
    "comparison",
    "cutoffs",
    "decomposition",
    "importance",
    "regions",
    "report",
    "robustness",
    "simulation",
    "weighting",
)

__all__ = [*_NAMES, *_MODULES]


def __getattr__(name: str) -> object:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"qtoolkit.{name}")
    raise AttributeError(f"module 'qtoolkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

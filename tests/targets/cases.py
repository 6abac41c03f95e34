"""A small scheme with targets of the units' own, changed as a test needs it."""

import pandas as pd

import qtoolkit as qt
from qtoolkit.models import validate

STEPS = [
    {"step": "filing", "start": "2025-06-01", "end": "2025-06-30"},
    {"step": "self_assessment", "start": "2026-07-01", "end": "2026-07-15"},
]
FRAME = pd.DataFrame(
    {"rate": [90.0, 84.0, 70.0, 60.0], "target:rate": [100.0, 100.0, 100.0, 80.0]},
    index=["a", "b", "c", "d"],
)


def scheme_of(leaf=None, **changes):
    rate = {"id": "rate", "name": "rate", "points": 100, "rule": {"kind": "target"}}
    data = {
        "id": "small",
        "name": "small",
        "year": "2026",
        "period": "2025年7月1日至2026年6月30日",
        "calendar": STEPS,
        "indicators": [rate | (leaf or {})],
        "grades": [{"id": "A", "cutoff": 85}, {"id": "B", "cutoff": 0}],
    }
    return validate(qt.Scheme, data | changes, None)


def result_of(frame=FRAME, leaf=None, **changes):
    return qt.assess(scheme_of(leaf, **changes), frame)

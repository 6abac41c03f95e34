"""Other values of stages: the table is the one that reading a file with these values gives."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.inputs.restaging import restaged
from tests.examples import share

STAGES = [
    {"id": "papers", "name": "papers"},
    {"id": "hearing", "name": "hearing"},
    {"id": "check", "name": "check", "effect": "replaces"},
    {"id": "later", "name": "later", "effect": "corrects"},
]
LEVELS = {"good": 1.0, "fair": 0.5, "poor": 0.0}


def scheme():
    weights = {"papers": 0.6, "hearing": 0.4}
    leaves = [
        {"id": "a", "rule": {"kind": "direct", "out_of": 10}, "stages": weights, "scales": True},
        {"id": "b", "rule": {"kind": "level", "levels": LEVELS}, "stages": weights},
        {"id": "c", "rule": {"kind": "share"}, "stages": {"papers": 1.0}},
    ]
    leaves = [leaf | {"name": leaf["id"], "points": 10.0} for leaf in leaves]
    grades = [{"id": "A", "cutoff": 20.0}, {"id": "B", "cutoff": 0.0}]
    keys = {"total": 30.0, "stages": STAGES, "missing": {"not_applicable": "full"}}
    return qt.Scheme.model_validate(
        {"id": "s", "name": "s", "indicators": leaves, "grades": grades} | keys
    )


def drawn(rng, n):
    """Columns as somebody files them, blanks of later stages and a word for a status among them."""
    marks = rng.integers(20, 90, (2, n)) / 10
    check = [float(rng.integers(20, 90)) / 10 if rng.random() < 0.4 else None for _ in range(n)]
    later = [float(rng.integers(-9, 10)) / 10 if rng.random() < 0.4 else None for _ in range(n)]
    frame = pd.DataFrame(
        {
            "a@papers": marks[0],
            "a@hearing": marks[1],
            "a@check": check,
            "a@later": later,
            "b@papers": rng.choice(list(LEVELS), n),
            "b@hearing": rng.choice(list(LEVELS), n),
            "c@papers": rng.integers(0, 11, n) / 10,
        },
        index=[f"u{k}" for k in range(n)],
    ).astype(object)
    frame.iloc[0, :2] = "不适用"
    frame.iloc[0, 2:4] = None
    return frame


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=share(40))
def test_the_table_is_that_of_a_file_with_the_other_values(seed):
    """Numbers and words of a file changed by hand, then read, against the table changed."""
    rng = np.random.default_rng(seed)
    frame, s = drawn(rng, 6), scheme()
    table = qt.assess(s, frame).table
    other = frame.copy()
    said = {id: values.copy() for id, values in table.stages.items()}
    for k in range(1, 6):
        if rng.random() < 0.6:
            mark = float(rng.integers(20, 90)) / 10
            other.iloc[k, 1] = said["hearing"][k, 0] = mark
        if other.iloc[k, 2] is not None and rng.random() < 0.6:
            mark = float(rng.integers(20, 90)) / 10
            other.iloc[k, 2] = said["check"][k, 0] = mark
        if rng.random() < 0.6:
            word = str(rng.choice(list(LEVELS)))
            other.iloc[k, 4] = said["papers"][k, 1] = word
    read, made = qt.assess(s, other).table, restaged(s, table, said)
    for name in ("raw", "filed"):
        assert getattr(made, name).tolist() == getattr(read, name).tolist()
    assert {id: v.tolist() for id, v in made.stages.items()} == {
        id: v.tolist() for id, v in read.stages.items()
    }
    assert table.raw.tolist() == qt.assess(s, frame).table.raw.tolist()  # left as it was


def test_a_correction_stays_between_the_ends():
    """9 and 1 more, where both parts become 9.6: 10.6 of 10 is 10."""
    frame = drawn(np.random.default_rng(0), 2)
    frame.iloc[1, :4] = [9.0, 9.0, None, 1.0]
    table = qt.assess(scheme(), frame).table
    assert table.raw[1, 0] == 10.0
    said = {id: table.stages[id].copy() for id in ("papers", "hearing")}
    said["papers"][1, 0] = said["hearing"][1, 0] = 9.6
    made = restaged(scheme(), table, said)
    assert (made.filed[1, 0], made.raw[1, 0]) == (9.6, 10.0)
    assert made.raw[0, 0] is None  # what is not applicable stays so

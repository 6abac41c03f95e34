"""What a notebook works out by hand is what the package says, on random schemes with all features
together: the notebook asserts it itself."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from tests import strategies
from tests.examples import share
from tests.notebooks.test_notebooks import read
from tests.sentences import results

# by notebook, from which words its cells by hand are known, the table of what can be worked out,
# and what they stand on
WORKED = {
    "01_assessment": (
        ("by_hand", "if len(plain)"),
        "plain",
        lambda result: {"margins": qt.cutoffs.margins(result), "language": "zh"},
    ),
    "02_weights": (
        ("worth",),
        "worth",
        lambda result: {
            "importance": qt.importance.effective(result, bootstrap=0),
            "left_out": qt.importance.leave_one_out(result),
            "language": "zh",
        },
    ),
    "03_cutoffs": (
        ("plain", "shortest"),
        "plain",
        lambda result: {
            "margins": qt.cutoffs.margins(result),
            "swept": qt.cutoffs.sweep(result),
        },
    ),
    "04_sensitivity": (
        ("is_straight", "by_hand", "again = "),
        "plain",
        lambda result: {"tolerance": qt.robustness.tolerance(result), "language": "zh"},
    ),
}


@st.composite
def flat_results(draw):
    """One level of indicators that take shares, two cutoffs."""
    leaves = [f"x{j}" for j in range(draw(st.integers(2, 5)))]
    points = {leaf: draw(st.integers(1, 30)) for leaf in leaves}
    shares = st.lists(st.integers(0, 20), min_size=len(leaves), max_size=len(leaves))
    rows = draw(st.lists(shares, min_size=1, max_size=draw(st.sampled_from([5, 30]))))
    total = sum(points.values())
    scheme = qt.Scheme.flat(points, {"A": 0.7 * total, "B": 0.4 * total, "C": 0})
    return qt.assess(scheme, pd.DataFrame(rows, columns=leaves) / 20)


@st.composite
def many_units(draw):
    """Random schemes with all features, and enough units for their spread to say something."""
    given_ = draw(strategies.givens(kinds=strategies.KINDS))
    one = strategies.frame_of(given_)
    frame = pd.concat([one] * draw(st.integers(1 + 15 // len(one), 1 + 40 // len(one))))
    frame["unit"] = [f"u{k}" for k in range(len(frame))]
    return qt.assess(strategies.scheme_of(given_.scheme), frame)


@pytest.mark.parametrize("name", WORKED)
def test_by_hand(name):
    words, table, computed = WORKED[name]
    cells = [cell.source for cell in read(name).cells if cell.cell_type == "code"]
    worked = [source for source in cells if any(word in source for word in words)]
    assert len(worked) >= 2 and any("assert" in source for source in worked)
    codes = [compile(source, name, "exec") for source in worked]
    seen = []

    @settings(max_examples=share(200, 60))
    @given(result=results() | flat_results() | many_units())
    def check(result):
        names = {"qt": qt, "result": result, **computed(result)}
        for code in codes:
            exec(code, names)
        seen.append(len(names.get(table, ())))

    check()
    assert any(seen), "in no random scheme can anything be worked by hand"

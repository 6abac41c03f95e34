"""What a notebook works out by hand is what the package says, on random schemes with all features
together: the notebook asserts it itself."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from tests.examples import share
from tests.notebooks.test_notebooks import read
from tests.sentences import results

# by notebook, from which words its cells by hand are known, and what they stand on
WORKED = {
    "04_sensitivity": (
        ("is_straight", "by_hand", "again = "),
        lambda result: {"tolerance": qt.robustness.tolerance(result)},
    ),
}


@st.composite
def flat_results(draw):
    """One level of indicators that take shares, two cutoffs."""
    leaves = [f"x{j}" for j in range(draw(st.integers(2, 5)))]
    points = {leaf: draw(st.integers(1, 30)) for leaf in leaves}
    shares = st.lists(st.integers(0, 20), min_size=len(leaves), max_size=len(leaves))
    rows = draw(st.lists(shares, min_size=1, max_size=5))
    total = sum(points.values())
    scheme = qt.Scheme.flat(points, {"A": 0.7 * total, "B": 0.4 * total, "C": 0})
    return qt.assess(scheme, pd.DataFrame(rows, columns=leaves) / 20)


@pytest.mark.parametrize("name", WORKED)
def test_by_hand(name):
    words, computed = WORKED[name]
    cells = [cell.source for cell in read(name).cells if cell.cell_type == "code"]
    worked = [source for source in cells if any(word in source for word in words)]
    assert len(worked) >= 2 and any("assert" in source for source in worked)
    codes = [compile(source, name, "exec") for source in worked]
    seen = []

    @settings(max_examples=share(200, 60))
    @given(result=results() | flat_results())
    def check(result):
        names = {"qt": qt, "result": result, **computed(result)}
        for code in codes:
            exec(code, names)
        seen.append(len(names.get("plain", ())))

    check()
    assert any(seen), "no random scheme has a unit that can be worked by hand"

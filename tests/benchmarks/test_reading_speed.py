"""Reading a large table beside pandas alone, in the same run. No limit is asserted."""

import numpy as np
import pandas as pd
import pytest

from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import read_table, table_of_frame
from tests.benchmarks.test_speed import ratio, seconds

POINTS = {f"x{j}": 1 for j in range(100)}
UNITS = 3_000


def test_reading_3000_by_100(benchmark, tmp_path):
    """Every cell is checked, its row and column known: some times a bare pandas.read_csv."""
    values = np.random.default_rng(0).random((UNITS, 100)).round(4)
    frame = pd.DataFrame(values, columns=list(POINTS), index=[f"县{i}" for i in range(UNITS)])
    path = tmp_path / "big.csv"
    frame.to_csv(path, index_label="unit")
    scheme = Scheme.flat(POINTS, {"A": 0})
    table = benchmark(read_table, path, scheme)
    assert (table.raw.astype(float) == values).all()
    ratio(benchmark, "times_pandas", seconds(lambda: pd.read_csv(path)))


@pytest.mark.soak
def test_naming_3000_unknown_units(benchmark):
    """A nearest name for each would take minutes by difflib over all pairs: beside a good table."""
    units = tuple(f"county {i}" for i in range(UNITS))
    scheme = Scheme.flat(POINTS, {"A": 0}).model_copy(update={"units": units})
    values = np.ones((UNITS, 100))
    good = pd.DataFrame(values, columns=list(POINTS), index=list(units))
    bad = good.set_axis([f"County {i} x" for i in range(UNITS)])

    def refused():
        try:
            table_of_frame(bad, scheme)
        except InputError as error:
            return len(error.complaints)
        raise AssertionError("unknown units passed")

    assert benchmark(refused) >= UNITS
    ratio(benchmark, "times_a_good_table", seconds(lambda: table_of_frame(good, scheme)))

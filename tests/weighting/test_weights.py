"""What is no table of numbers gives no weights."""

import numpy as np
import pandas as pd
import pytest

from qtoolkit import weighting
from qtoolkit.errors import InputError


def test_what_is_no_table_of_numbers_is_refused():
    two, x = (
        pd.DataFrame([[1, 2], [0.5, 1]], list("ab"), list("ab")),
        pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 1.0]}),
    )
    for wrong in (
        lambda: weighting.ahp([[1, 2], [0.5, 1]]),
        lambda: weighting.ahp({}),
        lambda: weighting.ahp(
            {"x": two, "y": two.set_axis(["a", "c"]).set_axis(["a", "c"], axis=1)}
        ),
        lambda: weighting.best_worst({"a": "x"}, {"a": 1}),
        lambda: weighting.best_worst([1], [1]),
        lambda: weighting.budget(pd.DataFrame()),
        lambda: weighting.budget({"a": [1]}),
        lambda: weighting.budget(pd.DataFrame({"a": [0.0]})),
        lambda: weighting.combine([1.0], [1.0]),
        lambda: weighting.to_points({"a": "x"}),
        lambda: weighting.to_points({}),
        lambda: weighting.benefit_of_doubt(x, 0.2),
        lambda: weighting.factor(x, 9),
    ):
        with pytest.raises(InputError):
            wrong()
    many = weighting.ahp(pd.DataFrame(np.ones((12, 12))))
    assert np.isnan(many.detail["cr"]) and "12" in many.notes[0].en
    assert weighting.combine({"a": 1.0}, {"a": 1.0}).weights.tolist() == [1.0]

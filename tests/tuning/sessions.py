"""Sessions over schemes and tables made in a test, without files unless there is a folder for the
record."""

import pandas as pd

from qtoolkit.inputs.case import Case
from qtoolkit.inputs.parameters import Parameters
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import table_of_frame
from qtoolkit.models import validate
from qtoolkit.tuning import Tuning

GRADES = {"A": 80, "B": 60, "C": 0}


def session(scheme, frame, folder=None, **options):
    """A session over a scheme and a frame of its values; with a folder, trials are recorded in
    it."""
    table = table_of_frame(frame, scheme)
    files = {} if folder is None else {"data": folder / "data.csv"}
    case = Case(scheme, table, Parameters(scheme="s.yaml", data="data.csv"), files)
    return Tuning(case, record=folder is not None, **options)


def flat_session(points, shares, cutoffs=None, folder=None, **options):
    """A session over one level of indicators that take shares of full marks; `shares` has a row for
    each unit."""
    units = shares if isinstance(shares, dict) else {f"u{k}": row for k, row in enumerate(shares)}
    frame = pd.DataFrame.from_dict(units, orient="index", columns=list(points))
    return session(Scheme.flat(points, cutoffs or GRADES), frame, folder, **options)


def scheme_of_tree(tree, total, grades=None):
    """A scheme from {"block": {"leaf": points, …}, "leaf": points}, leaves taking shares."""

    def nodes(branch):
        return [
            {"id": id, "name": id, "children": nodes(below)}
            if isinstance(below, dict)
            else {"id": id, "name": id, "points": below, "rule": {"kind": "share"}}
            for id, below in branch.items()
        ]

    lines = [{"id": id, "cutoff": float(x)} for id, x in (grades or GRADES).items()]
    data = {"id": "tree", "name": "tree", "total": total, "indicators": nodes(tree)}
    return validate(Scheme, data | {"grades": lines}, None)


def tree_session(tree, total, grades=None, **options):
    """A session over a tree with two units: one with full marks, one with half of them."""
    scheme = scheme_of_tree(tree, total, grades)
    ids = [leaf.id for leaf in scheme.leaves]
    frame = pd.DataFrame([[1.0] * len(ids), [0.5] * len(ids)], columns=ids, index=["full", "half"])
    return session(scheme, frame, **options)

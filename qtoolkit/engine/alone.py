"""The grade of one unit alone as its own score moves and all others stand still."""

from __future__ import annotations

import numpy as np

from qtoolkit.engine.core import Engine, lowered_by, threshold_grades, vetoed


def grade_alone(e: Engine, base: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The grade of each unit if its own base score alone were `own`, int8 (…, n), and all others'
    as in `base`, (n,).

    What :func:`grade` gives with one score of the row changed, for each unit in turn, without n
    rows. Never falls as `own` rises: a higher score reaches no fewer thresholds, is behind no more
    rivals and ahead of no fewer. Whom a quota counts depends on the thresholds alone, since the
    quotas of better grades only take away grades that it counts as well.
    """
    grades, others = (threshold_grades(e, scores, e.thresholds) for scores in (own, base))
    mine, key = (e.key(scores) for scores in (own, base))
    for step in e.rivals:
        member = np.broadcast_to(True if step.members is None else step.members, base.shape)
        counted = member & (step.last | (others >= step.grade))
        keys = np.sort(key[counted])
        # but for the unit itself as it stands
        if step.counts_above:
            rest = keys.size - np.searchsorted(keys, mine, "right") - (counted & (key > mine))
        else:
            rest = np.searchsorted(keys, mine, "left") - (counted & (key < mine))
        candidate = member & (step.last | (grades >= step.grade))
        grades = lowered_by(step, grades, candidate, rest, keys.size - counted + 1)
    return vetoed(e, grades)

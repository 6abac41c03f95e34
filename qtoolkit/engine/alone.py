"""The grade of one unit alone, all others as they stand: as its own score moves, or without its
veto."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qtoolkit.engine.core import (
    Engine,
    RivalStep,
    lowered_by,
    score_grades,
    threshold_grades,
    vetoed,
)


def grade_alone(e: Engine, base: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The grade of each unit if its own base score alone were `own`, int8 (…, n), and all others'
    as in `base`, (n,).

    What :func:`grade` gives with one score of the row changed, for each unit in turn, without n
    rows. Never falls as `own` rises: a higher score reaches no fewer thresholds, is behind no more
    rivals and ahead of no fewer. Whom a quota counts depends on the thresholds alone, since the
    quotas of better grades only take away grades that it counts as well.
    """
    grades, others = (threshold_grades(e, scores, e.thresholds) for scores in (own, base))
    return vetoed(e, _placed(grades, others, e.key(own), e.key(base), e.rivals))


def set_grades(e: Engine, base: np.ndarray) -> np.ndarray:
    """The grade of each unit that the scheme's way of setting grades gives, by lines, places or
    breaks, int8 (n,): its own veto, quotas beside a line and last places left out. Places are
    counted among those whom the scheme counts: where vetoes come first, vetoed units take none from
    others."""
    key = e.key(base)
    sets = [step for step in e.rivals if step.sets]
    others = threshold_grades(e, base, e.thresholds)
    return _placed(score_grades(e, base), others, key, key, sets)


def _placed(
    grades: np.ndarray,
    others: np.ndarray,
    mine: np.ndarray,
    key: np.ndarray,
    steps: Iterable[RivalStep],
) -> np.ndarray:
    """Grades (…, n) after some steps, of each unit with a grade and a key `mine` of its own, while
    the other units have the grades `others` and the keys `key`, (n,)."""
    for step in steps:
        member = np.broadcast_to(True if step.members is None else step.members, key.shape)
        counted = member & (step.last | (others >= step.grade))
        keys = np.sort(key[counted])
        # but for the unit itself as it stands
        if step.counts_above:
            rest = keys.size - np.searchsorted(keys, mine, "right") - (counted & (key > mine))
        else:
            rest = np.searchsorted(keys, mine, "left") - (counted & (key < mine))
        candidate = member & (step.last | (grades >= step.grade))
        grades = lowered_by(step, grades, candidate, rest, keys.size - counted + 1)
    return grades

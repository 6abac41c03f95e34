"""Lines that follow from the scores, as facts have them: what sets a grade without a line of its
own, and the present natural breaks by going through all partitions."""

from qtoolkit.engine import to_ticks
from tests.oracle_lines import breaks_of


def is_by_breaks(scheme):
    return any(grade.by == "breaks" for grade in scheme.grades)


def has_lines(scheme):
    """Whether a grade above the worst has a line in the scheme."""
    return any(grade.by == "line" for grade in scheme.grades[:-1])


def way_lines_move(grades):
    ways = {grade.by for grade in grades}
    return "breaks" if "breaks" in ways else "places" if ways & {"place", "share"} else None


def how_set(result, grade):
    """What sets a grade without a line. Where it begins now is taken from the lines that are held;
    that these grade as the places do is tested with them."""
    now = set(result.fixed.cutoffs[grade.id])
    line = now.pop() if len(now) == 1 else None
    is_line = line is not None and 0 <= line < 1e6
    return {
        "now": line if is_line else None,
        "by": grade.by,
        "quota": grade.quota,
        "by_class": grade.within == "class",
        "best": grade is result.scheme.grades[0],
    }


def cutoff(result, grade, group=None):
    """A grade's cutoff, or what sets it."""
    return how_set(result, grade) if grade.by != "line" else grade.cutoff_of(group)


def break_bands(result):
    """Once, or of each class in the order of the table, the breaks of those that are counted."""
    grades = result.scheme.grades
    classes = result.table.covariates.get("class")
    of_class = [None] * len(result.scores) if classes is None else list(classes)
    within = grades[0].within == "class"
    late = result.scheme.order.veto == "after_quota"
    names, found = [grade.label for grade in grades], []
    for group in dict.fromkeys(of_class) if within else [None]:
        members = [k for k, own in enumerate(of_class) if not within or own == group]
        counted = [k for k in members if late or not is_vetoed(result, k)] or members
        ticks = to_ticks(result.scores.to_numpy())
        lines = breaks_of([int(ticks[k]) for k in counted], len(grades))
        found.append(
            {
                "group": group,
                "lines": [
                    {"grade": name, "cutoff": line / 1e10}
                    for name, line in zip(names, lines, strict=False)
                ],
                "lowest": names[len(lines)],
                "edge": "breaks",
            }
        )
    return found


def is_vetoed(result, k):
    """Whether a veto that can cost a grade hits a unit."""
    best = result.scheme.grades[0].id
    return any(
        hit and (veto.lower or (veto.cap is not None and veto.cap != best))
        for veto, hit in zip(result.scheme.vetoes, result.table.vetoes[k], strict=True)
    )

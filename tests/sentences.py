"""Reading views as a reader does: their sentences, and their tables as they are printed."""

import re

import pandas as pd
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.report.blocks import DataTable, Paragraph, payload
from tests import strategies


def read(name):
    case = qt.read_case(name)
    return qt.assess(case.scheme, case.table)


@st.composite
def results(draw, approval=True):
    """Random small assessments; in some of them grades go by place, by share or by natural breaks,
    in some a unit or two are approved with another grade."""
    given_ = draw(strategies.givens(kinds=strategies.KINDS, ways=draw(strategies.chance)))
    frame = strategies.frame_of(given_)
    ids = [grade["id"] for grade in given_.scheme["grades"]]
    if approval and draw(st.booleans()):
        frame["approved"] = [draw(st.sampled_from([None, *ids])) for _ in range(len(frame))]
    return qt.assess(strategies.scheme_of(given_.scheme), frame)


def tables(blocks, language, values="cells"):
    """Each table as it is printed, a DataFrame of words, or with its plain values ("data"), as it
    is written to CSV."""
    found = {}
    for block in blocks:
        if isinstance(block, DataTable):
            data = payload(block, language)
            found[block.name] = pd.DataFrame(data[values], columns=data["header"])
    return found


def sentences(blocks, language):
    return [payload(block, language)["text"] for block in blocks if isinstance(block, Paragraph)]


def one(texts, pattern):
    """The one sentence that a pattern finds."""
    found = [match for text in texts if (match := re.search(pattern, text))]
    assert len(found) == 1, (pattern, texts)
    return found[0]


def number(cell):
    """What a cell of percent, such as "−2.5%", says; NaN where there is none."""
    return float(cell.replace("−", "-").rstrip("%")) if cell.strip("—–- ") else float("nan")


def regraded(result, grade, shift):
    """Grades with one cutoff, of every class, moved by `shift` points: assessed anew from the
    scheme."""
    grades = []
    for g in result.scheme.grades:
        if g.id == grade:
            own = {
                group: float(from_ticks(to_ticks(c + shift)))
                for group, c in g.class_cutoffs.items()
            }
            g = g.model_copy(
                update={
                    "cutoff": float(from_ticks(to_ticks(g.cutoff + shift))),
                    "class_cutoffs": own,
                }
            )
        grades.append(g)
    return qt.assess(
        result.scheme.model_copy(update={"grades": tuple(grades)}), result.table
    ).grades

"""On-site verification (实地核查): units drawn from a public seed so that anybody can repeat it,
how many to draw, what was found beside what was filed, and what would be found of the others."""

from qtoolkit.inputs.unitlist import list_hash, list_text
from qtoolkit.verification.cells import Compared, compared, verified_units
from qtoolkit.verification.described import draw_of, items_of
from qtoolkit.verification.drawing import Draw, DrawCheck, check, draw, draw_items
from qtoolkit.verification.inflation import Inflation, as_filed, inflation
from qtoolkit.verification.projecting import Projection, project
from qtoolkit.verification.sizes import needed, needed_to_meet

__all__ = [
    "Compared",
    "Draw",
    "DrawCheck",
    "Inflation",
    "Projection",
    "as_filed",
    "check",
    "compared",
    "draw",
    "draw_items",
    "draw_of",
    "inflation",
    "items_of",
    "list_hash",
    "list_text",
    "needed",
    "needed_to_meet",
    "project",
    "verified_units",
]

"""实地核查: who is drawn to be verified on site, and whether a printed draw is genuine."""

from qtoolkit.inputs.unitlist import list_hash, list_text
from qtoolkit.verification.described import draw_of
from qtoolkit.verification.drawing import Draw, DrawCheck, check, draw, draw_items
from qtoolkit.verification.sizes import needed, needed_to_meet

__all__ = [
    "Draw",
    "DrawCheck",
    "check",
    "draw",
    "draw_items",
    "draw_of",
    "list_hash",
    "list_text",
    "needed",
    "needed_to_meet",
]

"""On-site verification (实地核查): what it found beside what was filed, and what it would find of
those that were not drawn."""

from qtoolkit.verification.cells import Compared, compared
from qtoolkit.verification.inflation import Inflation, as_filed, inflation
from qtoolkit.verification.projecting import Projection, project

__all__ = [
    "Compared",
    "Inflation",
    "Projection",
    "as_filed",
    "compared",
    "inflation",
    "project",
]

"""One assessment of units under a scheme: the engine built from the scheme and its data, scores,
ranks and grades with their labels, what the reader must know, and many settings of one case."""

from qtoolkit.assessment.assessing import Assessment, assess
from qtoolkit.assessment.build import build
from qtoolkit.assessment.settings import Graded, settings

__all__ = ["Assessment", "Graded", "assess", "build", "settings"]

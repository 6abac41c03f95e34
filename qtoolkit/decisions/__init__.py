"""What is still to be decided about a scheme: what could be done otherwise, one step away, and
whose grade each of it would change. Options with their consequences; the decision is
somebody's."""

from qtoolkit.decisions.ways import Way
from qtoolkit.decisions.weighing import Matter, Matters, matters

__all__ = ["Matter", "Matters", "Way", "matters"]

"""Names of the means by which a node's children make its score."""

from __future__ import annotations

AGGREGATIONS: dict[str, float] = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
"""Name of an aggregation to the order of its power mean; none depends on the set of units, order 1
alone is linear."""


def order_of(aggregation: str | float) -> float:
    """The order of a power mean given by name or by its order."""
    return AGGREGATIONS[aggregation] if isinstance(aggregation, str) else float(aggregation)

"""地区公平性: whether scores and grades go with what units are (class, region, economy, size), how
sure that is with few units, and which indicators carry a difference."""

from qtoolkit.fairness.comparing import Fairness, compare

__all__ = ["Fairness", "compare"]

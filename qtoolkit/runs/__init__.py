"""Running notebooks on a case, and the run folder that comes of it."""

"""Makes tests/ importable from its subfolders; hypothesis draws the same examples on every run."""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("search", deadline=None, database=None, suppress_health_check=list(HealthCheck))
quick = (Phase.explicit, Phase.generate)  # a failing case as it was found: making it small can take minutes
settings.register_profile("quick", settings.get_profile("same"), phases=quick)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

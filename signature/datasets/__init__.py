"""One file per data set: ``CITATION`` and ``load() -> Cohort``."""

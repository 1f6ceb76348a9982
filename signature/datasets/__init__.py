"""One file per data set: ``CITATION`` and ``load() -> Cohort``.

A randomised trial also exports ``AFTER_RANDOMISATION``: the names of those `records` that came
after randomisation, with the day when they were measured, or None where that varies.
"""

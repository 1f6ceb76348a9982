"""From a laboratory's files to tidy measurements: reading, quality, curves, and into a cohort.

Nothing in here learns from outcomes, and nothing in here is needed by a fitted model: what must be
learned is learned inside the fold, by the transformers one level up.
"""

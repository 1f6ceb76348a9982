"""``python -m pipelines.equivalents``: which markers may stand in for each other."""

"""``python -m pipelines.explain``: what features did to held-out predictions, and the signature."""

"""``python -m pipelines.null_check``: what the procedure finds where nothing is."""

"""``python -m pipelines.train``: one launch of an experiment, from its file to its report."""

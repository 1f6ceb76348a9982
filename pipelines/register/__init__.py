"""``python -m pipelines.register``: the model of a finished run, registered again."""

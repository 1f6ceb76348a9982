"""``python -m pipelines.evaluate``: what held-out people say, the verdict, the claim."""

"""``python -m pipelines.plan``: how many people a question needs, and what more would buy."""

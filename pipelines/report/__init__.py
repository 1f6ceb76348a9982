"""``python -m pipelines.report``: one offline HTML page for a run, a section per folder."""

"""One folder per section of a trial's report, as in ``pipelines/report/sections/``.

``results.record`` is what the trial found.
"""

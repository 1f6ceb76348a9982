"""One file per section of a trial's report: ``TITLE``, ``ORDER``, ``summarize``, ``TEMPLATE``.

As in ``pipelines/sections/``, with ``results.record`` being what the trial found.
"""

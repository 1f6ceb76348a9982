"""One file per section of the report: ``TITLE``, ``ORDER``, ``summarize``, ``TEMPLATE``.

``summarize(results) -> dict | None`` returns plain numbers, and None leaves the section out.
``TEMPLATE`` is Jinja2 and holds no arithmetic; what it may call on a number is in
``pipelines/words/numbers.py``. ``draw(summary) -> dict`` is optional and returns figures by name.
"""

"""One folder per section of the report: ``TITLE``, ``ORDER``, ``summarize`` and a ``page.html``.

``summarize(results)`` returns a frozen dataclass of plain numbers, and None leaves the section out.
``page.html`` prints its fields and holds no arithmetic; what it may call on a number is in
`signature.page.numbers`. ``draw(summary) -> dict`` is optional and returns figures by name.
"""

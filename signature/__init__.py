"""Immune signatures: what a study, and a fitted model, need where they are used.

Each package below is a room, and its docstring says what lives there: `signature.study` holds
columns and people, `signature.assay` and `signature.check` a laboratory's files,
`signature.prepare` the steps inside a fold, `signature.learn` and `signature.select` what is
fitted, `signature.validation` and `signature.effect` what is measured, `signature.serve` a model
where it is used. docs/architecture.md has the map of all rooms.
"""

__version__ = "0.1.0"

"""Immune signatures: what a study, and a fitted model, need where they are used.

Each package below is a room, and says in its docstring what lives there: `signature.study` holds
columns and people, `signature.assay` and `signature.check` a laboratory's files, `signature.prepare`
the steps inside a fold, `signature.learn` and `signature.select` what is fitted,
`signature.validation` and `signature.effect` what is measured, `signature.serve` a model where it is
used. A map of all rooms is in docs/architecture.md.
"""

__version__ = "0.1.0"

"""What may be fitted: one file per candidate, exporting ``build`` and ``space``.

``LABEL`` names the candidate in a report. ``build(schema, *, random_state)`` returns an unfitted
scikit-learn Pipeline from the raw schema columns to a probability of the event. ``space(trial)``
draws one set of its parameters from an Optuna trial, or returns an empty dictionary when there is
nothing to tune.
"""

"""What may be fitted: one file per candidate, exporting ``build`` and ``space``.

``LABEL`` names the candidate in a report. ``build(schema, *, random_state)`` returns an unfitted
scikit-learn Pipeline from the raw schema columns to a probability of the event. ``space(trial)``
draws one set of its parameters from an Optuna trial, or returns an empty dictionary when there is
nothing to tune.

A module that also says ``PREDICTS = "benefit"`` predicts that of treatment over control in a
randomised trial, positive where treatment does better. Its pipeline is fitted with
``model__treated``, ``model__share`` and, where there are any, ``model__weight`` and
``model__person`` (see `signature.effect.learners.effect_learner.EffectLearner.fit`), and
``predict`` returns benefit in units of the outcome. ``TRUSTED_TYPES`` names what a saved one holds.
"""

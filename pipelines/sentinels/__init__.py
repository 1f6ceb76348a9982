"""Leakage: what is looked for in a study and its folds before anything is believed."""

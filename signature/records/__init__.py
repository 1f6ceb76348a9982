"""The files of a run: one model with a version number for each, and no value of a person in it."""

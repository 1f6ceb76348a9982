"""Sections of the report of a trial experiment: one file each."""

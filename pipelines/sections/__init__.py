"""Sections of the report: one file each, exporting TITLE, ORDER, summarize and TEMPLATE."""

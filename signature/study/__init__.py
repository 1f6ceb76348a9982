"""A study: its columns, its people, the names of markers, and folds that keep people whole.

`schema` and `column` say what each column means, `cohort` holds the people, `markers` names what
was measured, `tables` reads files, `splits` and `batch_codes` divide rows.
"""

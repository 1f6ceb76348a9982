"""Models where they are used: saved without pickle, asked with rows that a partner sends.

`persistence` saves and loads, `incoming` refuses or reads rows, `serving` scores them and
`invocation` speaks JSON.
"""

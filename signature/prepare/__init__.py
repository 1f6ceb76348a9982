"""In-fold steps between the raw columns and a model: limits, batches, gaps, scales, confounders.

Limits of detection: `limits`, `censoring` (one substitute, or detected or not), `censored_normal`
(a fitted normal), `conditional_imputation` (given the other markers). Batches: `combat` is the
arithmetic, `harmonisation` the step, `reference_shift` the shift by reference samples. Gaps:
`imputation`. Then `scaling`, `ratios`, `confounders`; `procedures` puts them together.
"""

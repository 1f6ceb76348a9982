"""Models of our own and what makes a score a calibrated probability, explained in parts.

`penalised_logistic` (on `elastic_net_path`), `boosting`, `single_marker`, `sparse_logistic` and
`fixed_signature` fit; `calibration` is the wrapper that every procedure gets; `adaptation` teaches
it a new assay batch; `contributions` and `point_score` take a fitted one apart.
"""

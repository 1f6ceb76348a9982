"""Which markers, with an error rate that was declared: stability selection and what it is built of.

`stability_selection` is the selector and `stable_signature` the model on what passed. Rankings of
markers (`marker_ranks`, `strongest_marker`) on `half_samples`; the cut is chosen in
`selection_threshold` from permutations (`exceedances`) beside bounds (`stability_bounds`).
`marker_clusters` and `equivalents` say which markers may stand in for which.
"""

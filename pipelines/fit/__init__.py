"""Every candidate fitted on every fold, kept, resumed and laid out as the predictions table."""

"""What a predicted benefit is worth: by quantile, as a ranking, as a rule, and in a next trial."""

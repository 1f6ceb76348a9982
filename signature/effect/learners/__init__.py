"""What predicts a person's benefit: R-, DR- and modified-covariate learners, and causal forests."""

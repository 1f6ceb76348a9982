"""Experiments on randomised trials: for whom the difference between arms is larger."""

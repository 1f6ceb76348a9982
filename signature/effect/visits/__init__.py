"""What changed by an early visit, and what that change goes with."""

"""Whether the effect goes with a score, a marker or a group, tested by rearranging the arms."""

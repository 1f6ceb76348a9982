"""Who benefits from treatment: effects in a trial's arms, and how well a signature tells them."""

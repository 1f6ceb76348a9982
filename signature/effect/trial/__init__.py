"""A randomised trial: people, arms, dropout, and the average effect."""

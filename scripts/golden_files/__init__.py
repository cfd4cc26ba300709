"""What scripts/golden is made of."""

"""Rules that stop bad trials."""

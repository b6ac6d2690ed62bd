"""Small models to read first."""

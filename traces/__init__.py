"""Do they agree? Reads the logs of real clusters, holds them against the model, and shows where they part."""

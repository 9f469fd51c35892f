"""Statistics, baselines, and one table a stage."""

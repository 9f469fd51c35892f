"""mlx modules around Gemma: no files, no loops."""

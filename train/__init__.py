"""Stages that train small interfaces on a frozen Gemma; only this package imports mlx."""

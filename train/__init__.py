"""Stages that train small interfaces on a mostly frozen Gemma; the only package that imports mlx."""

"""Both edges of the data: sources in, datasets out."""

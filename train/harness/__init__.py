"""Packs, captures and facts of any model; knows no stage."""

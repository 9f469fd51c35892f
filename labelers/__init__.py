"""Weak labeling functions, named and measured."""

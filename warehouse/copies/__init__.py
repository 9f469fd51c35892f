"""Copies of the warehouse file: a backup, one put back, one without the room that is not used."""

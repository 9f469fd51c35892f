"""What a run takes and where it runs."""

"""One module and one settings file a stage, and what all share."""

"""Transcripts given back: sessions that an agent has deleted in, their files on disk out."""

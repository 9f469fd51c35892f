"""Ingest: files on disk in, rows of the raw and the normal layer out.

The way: `plan` says which files to read from where, `parse` turns them into batches (in a process
of its own, `worker`), `insert` writes a batch in one transaction, `run` drives them all.
"""

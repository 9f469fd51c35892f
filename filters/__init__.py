"""Rules as data: which exchanges and messages a lane leaves out, and why."""

"""Training: read `run.py` from top to bottom first; it is the whole story."""

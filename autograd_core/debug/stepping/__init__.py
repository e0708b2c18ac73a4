"""A paused run: who drives it, from stop to stop; who is asked at a stop."""

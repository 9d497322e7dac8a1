"""Recordings of event cameras: readers of their files, frames made of them, and the sets that are read so."""

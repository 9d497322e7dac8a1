"""Small and random networks that benches run."""

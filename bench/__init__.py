"""What it costs in time."""

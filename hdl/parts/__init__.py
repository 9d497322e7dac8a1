"""Small pieces of hardware that any wing may use."""

"""What developing the project needs and its users do not."""

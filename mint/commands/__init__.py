"""The commands, one file each: options, a call, what is printed."""

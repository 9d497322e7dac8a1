"""Files and folders: whole or not at all, locked, and with names that every program takes."""

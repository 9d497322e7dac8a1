"""``python -m mint``, which the Makefile uses."""

from mint.app import main

main()

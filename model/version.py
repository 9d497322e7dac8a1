"""The release: in bundles, generated Verilog and reports; pyproject.toml reads it here."""

VERSION = "0.2.0"

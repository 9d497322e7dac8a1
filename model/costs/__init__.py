"""Costs by formula: memory footprint, energy after SATA, operations."""

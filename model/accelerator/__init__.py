"""The accelerator in numbers: configuration, plan, cycles, traffic, memories."""

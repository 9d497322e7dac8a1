"""The trained network in integers: layers, shapes, folding, bundle."""

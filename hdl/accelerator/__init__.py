"""The whole accelerator: images in, classes out. Zeros take no cycle."""

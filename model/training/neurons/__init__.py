"""The training twins of neurons: forward the integers of the law, backward a surrogate's gradient."""

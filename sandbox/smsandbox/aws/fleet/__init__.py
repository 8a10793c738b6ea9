"""Instances as real processes: a variant's containers are started, watched, logged and invoked on loopback ports."""

"""Calls to AWS: as whom, at which rate, what is tried again, and what an error means. What is asked is for others."""

"""The life of an experiment, from the first request to its verdict: pure. Whose the traffic is, `tenancy` says."""

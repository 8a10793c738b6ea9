"""The process around the work: health, metrics by HTTP, and the wait for the lease. It knows no objects."""

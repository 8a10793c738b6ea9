"""What the integration tests and the benchmarks share: an object's life seen through Kubernetes and through AWS."""

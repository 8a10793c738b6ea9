"""Training: fits the example models and packs them as SageMaker artifacts. Knows nothing of Kubernetes."""

"""SageMaker's hosting control plane: models, endpoint configurations, endpoints, tags."""

"""The smendpoints operator: one custom resource becomes a live Amazon SageMaker endpoint."""

__version__ = "0.1.0"

"""SageMaker Runtime: requests find an instance, are forwarded, measured, captured, queued."""

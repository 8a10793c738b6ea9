"""Application Auto Scaling for SageMaker: scalable targets, policies, schedules and what they do to capacities."""

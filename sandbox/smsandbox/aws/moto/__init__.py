"""What moto answers for, and what is put into its state: S3, ECR, logs, SNS, EventBridge."""

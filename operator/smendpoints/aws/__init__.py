"""AWS: look, act, watch, and classify errors. The only layer that knows boto3; it knows no Kubernetes."""

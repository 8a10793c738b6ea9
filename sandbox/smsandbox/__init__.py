"""The sandbox: a real Kubernetes control plane and an AWS simulator on one machine. Not part of the operator."""

"""Who may call what, and assume which role. IAM's own API is moto's."""

"""CloudWatch's metrics and alarms."""

"""Pure decisions over frozen values: names, desired, observed, plan, status.

Not here: clocks, I/O, boto3, kopf. The current time is an argument.
"""

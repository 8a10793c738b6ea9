"""One pass over one object: observe, plan, act, report. Knows neither kopf nor boto3."""

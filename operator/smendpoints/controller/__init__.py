"""One reconcile of one object: observe, plan, apply, report. Knows neither kopf nor boto3."""

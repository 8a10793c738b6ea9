"""What each word of a field means that takes one of a few: `kubectl explain` shows it with the field."""

from collections.abc import Iterable, Mapping

_ALL: tuple[Mapping[str, str], ...] = (
    {
        "AllAtOnce": "the whole new fleet is launched, and all traffic is shifted at once",
        "Canary": "a first part of the traffic is shifted, and AWS monitors the alarms for `stepWaitSeconds`; then the"
        " rest is shifted",
        "Linear": "the traffic is shifted in equal steps, and AWS monitors the alarms for `stepWaitSeconds` after each",
        "Rolling": "instances are replaced in batches, so that no second fleet is needed",
    },
    {
        "Errors": "too many responses of a variant are 5xx errors",
        "Latency": "the 99th percentile of a variant's model latency is too high",
        "Capacity": "a variant with `scaling` needs more instances than it has; or requests of an asynchronous endpoint"
        " wait while it has no instance",
        "Idle": "the endpoint has instances, but had no request for days",
        "Backlog": "the oldest request of an asynchronous endpoint has waited too long",
    },
    {"5xx": "errors of the model or of SageMaker", "4xx": "requests that were refused as wrong"},
    {"Lower": "lower is better, as for errors", "Higher": "higher is better, as for conversions"},
    {"Promote": "the rollout continues, and the new fleet takes over", "Rollback": "AWS rolls back"},
    {
        "Undecided": "not enough evidence yet",
        "Worse": "the new fleet is worse by more than the margin",
        "NotWorse": "the new fleet is not worse by the margin",
    },
    {
        "Hold": "not enough evidence yet",
        "Ship": "no metric is worse by its margin; AWS continues to the end of the baking period",
        "Rollback": "a metric is worse by more than its margin",
        "Inconclusive": "the last baking period ended without enough evidence",
        "Invalid": "data is missing or could not be read",
    },
    {
        "Request": "a user, with the annotation `smendpoints.dev/abortRevision`",
        "Analysis": "the comparison of the fleets (`rollout.analysis`)",
        "Alarm": "an alarm of `rollout.rollback`",
    },
    {
        "True": "the condition is met",
        "False": "the condition is not met",
        "Unknown": "the operator cannot tell at the moment",
    },
    {
        "Pending": "it is about to begin",
        "Blocked": "it was not started, because something is missing or AWS refused it",
        "InProgress": "AWS is working on it",
        "Succeeded": "the new config is in service",
        "Failed": "the config before stays in service, if there is one; `message` says why",
    },
    {
        "Launching": "instances are launched",
        "ActivatingTraffic": "traffic is shifted to the new instances",
        "Baking": "AWS monitors the alarms",
        "Terminating": "the old instances are terminated",
        "RollingBack": "traffic is shifted back to the old instances",
    },
    {
        "Deployed": "it came into service",
        "Failed": "AWS rolled back, or could not create the endpoint, because instances failed",
        "RolledBack": "AWS rolled back because of an alarm",
        "Blocked": "it was not launched",
        "Superseded": "an edit replaced it before it was in service",
        "InProgress": "it is being rolled out",
    },
    {"TargetTrackingScaling": "a target tracking policy", "StepScaling": "a step scaling policy"},
    {
        "sagemaker:variant:DesiredInstanceCount": "the number of instances",
        "sagemaker:variant:DesiredProvisionedConcurrency": "the provisioned concurrency",
    },
    {
        "Waiting": "it has not begun",
        "Running": "the variants are compared",
        "Finished": "it has a verdict",
    },
    {
        "SHIP": "a challenger is better, or with `goal: NonInferiority` not worse, and no guardrail is worse",
        "ROLLBACK": "all challengers are worse",
        "INVALID": "nothing can be concluded, for example because data is missing or a variant was edited",
        "INCONCLUSIVE": "not enough evidence by `duration.maxMinutes`",
    },
    {"Input": "requests", "Output": "responses", "InputAndOutput": "both"},
    {
        "Running": "the endpoint exists, within its office hours if it has any",
        "Stopped": "the endpoint is deleted in AWS; this object stays, and `Running` creates the endpoint again",
    },
    {
        "Correct": "the operator changes AWS back to what the spec says",
        "Report": "the difference is only reported, by the condition `Drifted`, until the spec is edited",
    },
    {
        "Delete": "the endpoint, its configs, models, alarms and autoscaling are deleted",
        "Retain": "all of it stays in AWS without an owner, and the endpoint keeps serving and scaling",
    },
    {
        "LeastOutstandingRequests": "to the instance with the fewest requests in progress",
        "Random": "to any instance",
    },
    {
        "InvocationsPerInstance": "requests per instance and minute",
        "ConcurrentRequestsPerModel": "requests in progress per model, measured every 10 seconds",
        "ProvisionedConcurrencyUtilization": "for serverless variants, the share of the provisioned concurrency in use,"
        " from 0 to 1",
    },
    {
        "Average": "the mean",
        "Minimum": "the lowest value",
        "Maximum": "the highest value",
        "SampleCount": "the number of values",
        "Sum": "the sum of all values",
    },
    {"Average": "the mean", "Minimum": "the lowest value", "Maximum": "the highest value"},
    {
        "GreaterThanOrEqualToThreshold": "the alarm fires at the threshold and above",
        "GreaterThanThreshold": "the alarm fires above the threshold",
        "LessThanThreshold": "the alarm fires below the threshold",
        "LessThanOrEqualToThreshold": "the alarm fires at the threshold and below",
    },
    {
        "breaching": "like a value beyond the threshold",
        "notBreaching": "like a value within the threshold",
        "ignore": "the alarm keeps its state",
        "missing": "the alarm changes to INSUFFICIENT_DATA if all data is missing",
    },
    {
        "ChangeInCapacity": "this number of instances is added, or removed if it is negative",
        "PercentChangeInCapacity": "this percentage of the instances is added, or removed if it is negative",
        "ExactCapacity": "the number of instances is set to this",
    },
    {
        "In": "the label has one of `values`",
        "NotIn": "the label has none of `values`, or does not exist",
        "Exists": "the label exists",
        "DoesNotExist": "the label does not exist",
    },
    {"Sum": "the sum of the values", "SampleCount": "the number of values"},
    {"Errors4XX": "requests that were refused as wrong", "Errors5XX": "requests that failed in the container"},
    {
        "NoEvent": "as a request without the event, such as no click; with `type: Mean`, as the value 0",
        "LeaveOut": "not at all; this is only fair if ground truth is equally often available for each variant",
    },
    {
        "Share": "true or false (or 1 or 0); the shares of true are compared",
        "Mean": "numbers, such as revenue; the means are compared",
    },
    {
        "Superiority": "the challenger is better than the control",
        "NonInferiority": "the challenger is not worse than the control by more than the margin",
    },
    {
        "Endpoint": "AWS, according to the weights",
        "Client": "the clients, with `TargetVariant`, for example to keep each user on one variant; the operator then"
        " does not check how requests are split",
    },
    {
        "Report": "the weights of the endpoint's spec are restored",
        "ShiftTraffic": "after a `SHIP` the winner gets all traffic of the experiment, after a `ROLLBACK` the control;"
        " until the weights of these variants are edited in the endpoint's spec, or the experiment is deleted",
    },
)
_MEANINGS = {frozenset(words): words for words in _ALL}


def meanings(words: Iterable[str]) -> str:
    """A sentence that says what each of the words means, in their order.

    Raises:
        ValueError: nobody said.
    """
    words = list(words)
    known = _MEANINGS.get(frozenset(words))
    if known is None:
        raise ValueError(f"enum_words does not say what these mean: {words}")
    return "; ".join(f"`{word}`: {known[word]}" for word in words) + "."

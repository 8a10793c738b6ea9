"""What each word of a field means that takes one of a few: `kubectl explain` shows it with the field."""

from collections.abc import Iterable, Mapping

_ALL: tuple[Mapping[str, str], ...] = (
    {
        "AllAtOnce": "the new fleet is launched whole, and takes all traffic at once",
        "Canary": "a first part of the new fleet takes its share and is watched for `stepWaitSeconds`, then the rest",
        "Linear": "the traffic moves in equal steps, each watched for `stepWaitSeconds`",
        "Rolling": "instances are replaced in batches, so that no second whole fleet is needed",
    },
    {
        "Errors": "the share of 5xx answers, for each variant",
        "Latency": "the 99th percentile of the model's latency, for each variant",
        "Capacity": "all instances that scaling allows are there and it goes on, or scaling out does not help; for each"
        " variant that scales; of an asynchronous endpoint requests that wait while there is no instance",
        "Idle": "instances, and no request for days",
        "Backlog": "the age of the oldest request that waits, of an asynchronous endpoint",
    },
    {"5xx": "failures of the model or of SageMaker", "4xx": "refusals of what was sent"},
    {"Lower": "less of it, as of errors", "Higher": "more of it, as of cache hits"},
    {
        "Promote": "it goes on, and the new fleet takes over",
        "Rollback": "it is undone",
    },
    {
        "Undecided": "not known yet",
        "Worse": "worse by more than the margin",
        "NotWorse": "not worse by the margin",
    },
    {
        "Hold": "not known yet",
        "Ship": "nothing is worse by its margin; AWS still bakes to the end",
        "Rollback": "something is worse by more than its margin",
        "Inconclusive": "the end came before enough was known",
        "Invalid": "data is missing or could not be read",
    },
    {
        "Request": "a person, by the annotation `smendpoints.dev/abortRevision`",
        "Analysis": "the comparison of both fleets",
        "Alarm": "an alarm of `rollout.rollback`",
    },
    {"Input": "requests", "Output": "responses", "InputAndOutput": "both"},
    {
        "Running": "there is an endpoint, within its office hours if it has any",
        "Stopped": "the endpoint is deleted, the object stays, and `Running` restores it",
    },
    {
        "Correct": "AWS is changed back to what the spec says",
        "Report": "it is only told, by the condition `Drifted`, until the next edit of the spec",
    },
    {
        "Delete": "the endpoint, its configs, models, alarms and autoscaling are deleted",
        "Retain": "the endpoint keeps serving and scaling, without an owner",
    },
    {
        "LeastOutstandingRequests": "to the instance with the fewest requests under way",
        "Random": "to any instance, which is AWS's default",
    },
    {
        "InvocationsPerInstance": "requests per instance and minute",
        "ConcurrentRequestsPerModel": "requests under way per model, at a resolution of 10 seconds",
        "ProvisionedConcurrencyUtilization": "share of the provisioned concurrency in use, of serverless variants",
    },
    {
        "Average": "the mean",
        "Minimum": "the lowest value",
        "Maximum": "the highest value",
        "SampleCount": "how many values there are",
        "Sum": "all values added up",
    },
    {"Average": "the mean", "Minimum": "the lowest value", "Maximum": "the highest value"},
    {
        "GreaterThanOrEqualToThreshold": "fires at the threshold and above",
        "GreaterThanThreshold": "fires above the threshold",
        "LessThanThreshold": "fires below the threshold",
        "LessThanOrEqualToThreshold": "fires at the threshold and below",
    },
    {
        "breaching": "as beyond the threshold",
        "notBreaching": "as within the threshold",
        "ignore": "as nothing, the alarm keeps its state",
        "missing": "as missing, the alarm has insufficient data",
    },
    {
        "ChangeInCapacity": "so many instances more or fewer",
        "PercentChangeInCapacity": "so many percent of the instances more or fewer",
        "ExactCapacity": "just so many instances",
    },
    {
        "In": "the label has one of `values`",
        "NotIn": "the label has none of `values`, or is not there",
        "Exists": "the label is there",
        "DoesNotExist": "the label is not there",
    },
    {"Sum": "its values added up", "SampleCount": "how many values there are"},
    {"Errors4XX": "requests that were refused as wrong", "Errors5XX": "requests that failed in the container"},
    {
        "NoEvent": "a request without the event, as of who did not click; of a `Mean` the value 0",
        "LeaveOut": "not counted; fair only if a truth comes to be known as often for each variant",
    },
    {
        "Share": "true or false, of which the share of true is compared",
        "Mean": "a number, such as revenue, of which the mean is compared",
    },
    {
        "Superiority": "to be better than the control's",
        "NonInferiority": "to be not worse than the control's by more than its margin",
    },
    {
        "Endpoint": "AWS, by the weights",
        "Client": "clients, by `TargetVariant`, so that users keep their variant; the split of requests is not checked",
    },
    {
        "Report": "nothing: the weights of the endpoint's spec come back",
        "ShiftTraffic": "the winner of a `SHIP` gets the traffic of all arms, after a `ROLLBACK` the control does,"
        " until the arms' weights in the endpoint's spec are edited or the experiment is deleted",
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

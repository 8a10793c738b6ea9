"""What comes near a refusal and is right."""

from smsandbox.testing.spec_cases.words import (
    ANALYSIS,
    ASYNC,
    BOUNDS,
    ECR,
    METRIC,
    PC,
    PREFIX,
    SECRET,
    TRACK_INVOCATIONS,
    TRACK_UTILIZATION,
    Spec,
    container,
    largest,
    pipeline,
    rollout,
    scaled,
    serverless,
    spec,
    stepped,
    tracked,
    variant,
)

TAKEN: dict[str, Spec] = {
    "the least": spec(),
    "the largest": largest(),
    "an image without a tag": spec(variant(image=ECR)),
    "an image by digest": spec(variant(image=f"{ECR}@sha256:{'0' * 64}")),
    "an image of China": spec(variant(image="123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/iris:1")),
    "an image of the region": spec(region="us-east-1"),
    "a FIPS endpoint's image of the region": spec(
        variant(image="123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/iris:1"), region="us-gov-west-1"
    ),
    "an image without a model": spec(variant(modelArtifact=None)),
    "an unpacked model": spec(variant(modelArtifact=PREFIX)),
    "two roles of one account": spec(assumeRoleARN="arn:aws:iam::123456789012:role/operator"),
    "one weight of zero": spec(variant("a", weight=0), variant("b", weight=0.5)),
    "a burstable type that does not scale": spec(variant(instance={"type": "ml.t2.medium"})),
    "a judged canary": rollout("Canary", stepPercent=10, stepWaitSeconds=360, analysis=ANALYSIS),
    "a judged canary with ten alarms, on trial": rollout(
        "Canary",
        stepPercent=10,
        stepWaitSeconds=600,
        rollback={"alarmNames": [f"alarm-{number}" for number in range(10)]},
        analysis=ANALYSIS | {"dryRun": True},
    ),
    "async from zero": scaled(minCapacity=0) | {"async": ASYNC},
    "async by its backlog": tracked({"name": "p", "customizedMetric": METRIC, "targetValue": 5}) | {"async": ASYNC},
    "an even split": rollout("Canary", stepInstances=10),
    "a canary of half of what it may scale to": spec(
        variant(scaling=BOUNDS), rollout={"strategy": "Canary", "stepInstances": 2}
    ),
    "Linear in ten steps": rollout("Linear", stepPercent=10, stepWaitSeconds=59, timeoutSeconds=600),
    "Rolling in twenty batches": rollout("Rolling", stepPercent=5),
    "all at once with alarms and time to look at them": rollout(
        "AllAtOnce", terminationWaitSeconds=600, rollback={"alarmNames": ["a"], "maxErrorRatePercent": 0.5}
    ),
    "ten alarms": spec(
        rollout={
            "stepWaitSeconds": 60,
            "rollback": {
                "alarmNames": [f"alarm-{number}" for number in range(8)],
                "maxErrorRatePercent": 1,
                "maxLatencyMilliseconds": 100,
            },
        }
    ),
    "Inferentia 1 all at once": spec(variant(instance={"type": "ml.inf1.xlarge"}), rollout={"strategy": "AllAtOnce"}),
    "a canary with two variants": spec(variant("a"), variant("b"), rollout={"strategy": "Canary", "stepPercent": 50}),
    "a shadow": spec(shadow=variant("s", weight=0.5)),
    "serverless, provisioned and scaling": serverless(
        {"serverless": PC, "scaling": BOUNDS | {"targetTracking": [TRACK_UTILIZATION]}}
    ),
    "serverless all at once": serverless(rollout={"strategy": "AllAtOnce"}),
    "a pipeline without hostnames": pipeline(container(), container()),
    "a pipeline of fifteen with hostnames": pipeline(*[container(hostname=f"c-{number}") for number in range(15)]),
    "secrets": spec(variant(environment={"A": "1"}, secrets={"DB_PASSWORD": SECRET})),
    "secrets in a pipeline": pipeline(container(secrets={"DB_PASSWORD": SECRET}), container(secrets={})),
    "an environment of 32 KB": spec(variant(environment={f"A{number}": "x" * 1000 for number in range(32)})),
    "several policies": tracked(
        TRACK_INVOCATIONS,
        {"name": "q", "predefinedMetric": "ConcurrentRequestsPerModel", "targetValue": 5},
        {"name": "r", "customizedMetric": METRIC, "targetValue": 5},
    ),
    "the short form beside other metrics": tracked(
        {"name": "p", "customizedMetric": METRIC, "targetValue": 5}, targetInvocationsPerInstance=70
    ),
    "steps side by side": stepped(
        {"upperBound": -5, "adjustment": -1},
        {"lowerBound": 0, "upperBound": 10, "adjustment": 1},
        {"lowerBound": 10, "adjustment": 3},
    ),
    "schedules of all three kinds": scaled(
        schedules=[
            {"name": "once", "schedule": "at(2027-01-31T08:00:00)", "minCapacity": 2, "timeZone": "Europe/Berlin"},
            {"name": "often", "schedule": "rate(12 hours)", "maxCapacity": 3},
            {"name": "daily", "schedule": "cron(0 8 ? * MON-FRI *)", "minCapacity": 1, "timeZone": "Etc/GMT+1"},
        ]
    ),
    "office hours": spec(officeHours={"start": "0 8 * * 1-5", "stop": "0 18 * * 1-5", "timeZone": "UTC"}),
    "tags with all that AWS takes": spec(tags={"team/cost-center": "42", "Größe": "a b_c.d:e=f+g-h@i", "empty": ""}),
    "alarms and a dashboard by default": spec(monitoring={}),
    "the empty lists that tools write": spec(
        variant(containers=[], environment={}, instance={"type": "ml.m5.large", "pools": []}), tags={}
    ),
}

"""What launching a fleet of the desired revision needs of AWS beforehand: pure functions, no checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from smendpoints.domain.desired.desired import Desired, artifact_of
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.preflight.quota import Need, needs
from smendpoints.domain.preflight.targets import Targets

LAUNCHES = frozenset({Verb.CREATE_ENDPOINT, Verb.UPDATE_ENDPOINT})


@dataclass(frozen=True, order=True)
class Artifact:
    """A model artifact in S3: an object, or all under a prefix. `must_exist` is false where models may come later."""

    bucket: str
    key: str
    must_exist: bool = True

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Stored:
    """What is behind the key of an artifact: its ETag without quotes, and since when."""

    etag: str
    modified_at: datetime


@dataclass(frozen=True, order=True)
class Writer:
    """A role with which AWS writes to a place in S3, and what it writes there, for people."""

    role: str
    uri: str
    what: str

    @property
    def objects(self) -> str:
        """The ARN of all objects there, in the partition of the role."""
        return f"arn:{self.role.split(':')[1]}:s3:::{self.uri.removeprefix('s3://').rstrip('/')}/*"


@dataclass(frozen=True)
class Launch:
    """What a fleet is launched from, and what its rollout leans on.

    `watchers` are roles that must see its alarms, `writers` those that must write to S3.
    """

    images: frozenset[str]
    artifacts: frozenset[Artifact]
    alarms: frozenset[str]
    needs: tuple[Need, ...]
    targets: Targets | None = None
    watchers: frozenset[str] = frozenset()
    writers: frozenset[Writer] = frozenset()


def launch_of(desired: Desired, observed: Observed, actions: tuple[Action, ...], alarms: list[str]) -> Launch | None:
    """What the actions launch; None where they launch no fleet. `alarms` are those that the user names."""
    launches = next((action for action in actions if action.verb in LAUNCHES), None)
    if launches is None:
        return None
    updates = launches.verb is Verb.UPDATE_ENDPOINT
    return Launch(
        images=desired.images(),
        artifacts=frozenset(artifacts_of(desired)),
        alarms=frozenset(alarms),
        needs=needs(desired, observed, launches) if updates else (),
        targets=_targets(desired) if not updates else None,
        watchers=_watchers(desired) if updates else frozenset(),
        writers=frozenset(_writers(desired)),
    )


def _targets(desired: Desired) -> Targets | None:
    ids = frozenset(target.resource_id for target in desired.targets)
    return Targets(desired.endpoint_name, ids) if ids else None


def _watchers(desired: Desired) -> frozenset[str]:
    """The roles with which AWS looks at the alarms of the rollout."""
    if not (desired.deployment or {}).get("AutoRollbackConfiguration"):
        return frozenset()
    return frozenset(model.request["ExecutionRoleArn"] for model in desired.models)


def _writers(desired: Desired) -> Iterator[Writer]:
    """Data capture, whose failures AWS tells nobody, and asynchronous responses."""
    config = desired.config_request
    output = (config.get("AsyncInferenceConfig") or {}).get("OutputConfig") or {}
    places = {
        "captured requests": (config.get("DataCaptureConfig") or {}).get("DestinationS3Uri"),
        "asynchronous responses": output.get("S3OutputPath"),
        "asynchronous failures": output.get("S3FailurePath"),
    }
    for role in sorted({str(model.request["ExecutionRoleArn"]) for model in desired.models}):
        yield from (Writer(role, uri, what) for what, uri in places.items() if uri)


def dropped_guardrails(desired: Desired, observed: Observed) -> str | None:
    """Why AWS would replace the fleet all at once although the spec asks for a guarded rollout; None if it would not.

    AWS guards an update only between configs with the same variants, a shadow among them.
    """
    endpoint = observed.endpoint
    if desired.deployment is None or endpoint is None or not endpoint.variants:
        return None
    live = {variant.name for variant in (*endpoint.variants, *endpoint.shadows)}
    wanted = set(desired.variant_names())
    if live == wanted:
        return None
    return (
        f"AWS guards a rollout only while the variants keep their names: {_listed(live)} would become {_listed(wanted)}"
        " all at once, with no steps and no rollback; keep the names, or remove spec.rollout for this one update and"
        " put it back afterwards"
    )


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


def artifacts_of(desired: Desired) -> Iterator[Artifact]:
    """The artifacts of all containers."""
    for model in desired.models:
        for container in model.containers():
            uri = artifact_of(container)
            if uri is not None:
                bucket, _, key = uri.removeprefix("s3://").partition("/")
                yield Artifact(bucket, key, container.get("Mode") != "MultiModel")

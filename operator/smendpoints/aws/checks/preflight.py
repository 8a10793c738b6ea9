"""Pre-flight: says within seconds what AWS would say after an hour of billing, or never.

Who checks what is in docs/decisions/0010-preflight.md. Here: what is asked again and what is still believed, and which
checks are off. A check that AWS does not let us make never blocks; it is off for an hour, with a note.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from smendpoints.aws.calls.bounded import Bounded
from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.checks.quotas import Quotas
from smendpoints.aws.checks.single import (
    check_alarm,
    check_artifact,
    check_image,
    check_role,
    check_secret,
    check_topic,
    check_watcher,
    check_writers,
    look_at_role,
    repository_of,
)
from smendpoints.aws.checks.targets import TargetBook
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.preflight.launch import Artifact, Launch, Stored
from smendpoints.domain.preflight.quota import Need
from smendpoints.domain.preflight.supplies import Supplies
from smendpoints.domain.preflight.targets import Targets
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)
_FRESH = 300.0
_RECENT = 60.0
_HOUR = 3600.0
_TRIES = 3
_MOST_KNOWN = 500  # of each place; what goes early is only asked again


@dataclass(frozen=True)
class Check:
    """One check: of what kind, of what, by which permission on which resource, and how it is made.

    What it finds good is believed for a while, unless it is not `believed` and costs nothing. If it does not `block`,
    what it finds is a note.
    """

    kind: str
    subject: object
    permission: str
    resource: str
    make: Callable[[], ReconcileError | None]
    believed: bool = True
    blocks: bool = True

    @property
    def key(self) -> tuple[str, object]:
        """What tells it from all other checks."""
        return self.kind, self.subject

    @property
    def leave(self) -> str:
        """What AWS has to grant."""
        return f"{self.permission} on {self.resource}"


class Preflight:
    """The checks of one place. What was found good is believed for five minutes."""

    def __init__(
        self,
        clients: Clients,
        clock: Callable[[], float] = time.monotonic,
        exists: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`exists` tells whether an endpoint of that name is there; it costs nothing."""
        self._clients = clients
        self._clock = clock
        self._quotas = Quotas(clients, clock)
        self._targets = TargetBook(clients, self._quotas, exists, clock)
        self._lock = threading.Lock()
        self._digests: Bounded[str, str] = Bounded(_MOST_KNOWN)
        self._stored: Bounded[str, Stored] = Bounded(_MOST_KNOWN)
        self._good: Bounded[tuple[str, object], float] = Bounded(_MOST_KNOWN)
        self._off: Bounded[str, tuple[float, str]] = Bounded(_MOST_KNOWN)
        self._tries: Bounded[str, int] = Bounded(_MOST_KNOWN)

    def check(self, launch: Launch) -> tuple[str, ...]:
        """Make the checks of a launch; returns a note for each that is off, or that blocks nothing and found something.

        Raises:
            ReconcileError: something is missing or too much (`BLOCKED`); or AWS could not be asked now (`RETRY`).
        """
        notes = [self._once(check) for check in self._checks(launch)]
        return tuple(dict.fromkeys(note for note in notes if note is not None))

    def lacks(self, supplies: Supplies) -> ReconcileError | None:
        """What is gone of what another instance is started from; None too where that may not be looked at.

        Raises:
            ReconcileError: AWS could not be asked now (`RETRY`).
        """
        for check in self._of(supplies):
            try:
                self._once(check)
            except ReconcileError as failure:
                if failure.kind is Kind.BLOCKED and failure.reason is not Reason.CREDENTIALS:
                    return failure
                raise
        return None

    def topics(self, arns: Iterable[str]) -> tuple[str, ...]:
        """Whether these SNS topics are there; a note for each look that is off.

        Raises:
            ReconcileError: one is missing (`BLOCKED`); or AWS could not be asked now (`RETRY`).
        """
        checks = (
            Check("topics", arn, "sns:GetTopicAttributes", arn, partial(check_topic, self._clients, arn))
            for arn in sorted(arns)
        )
        return tuple(note for each in checks if (note := self._once(each)) is not None)

    def digests(self, images: Iterable[str]) -> Mapping[str, str]:
        """The digests that were found behind the names of images when they were looked at last; asks nobody."""
        return {each: digest for each in images if (digest := self._digests.get(each))}

    def stored(self, artifacts: Iterable[Artifact]) -> Mapping[str, Stored]:
        """What was found behind the URIs of artifacts when they were looked at last; asks nobody."""
        return {str(each): found for each in artifacts if (found := self._stored.get(str(each)))}

    def explain(self, failure: ReconcileError, role_arn: str | None) -> ReconcileError:
        """The failure, with what IAM says of the role where AWS's words leave open whether that is the cause."""
        if failure.kind is not Kind.SETTLING or failure.reason is not Reason.NOT_ACCESSIBLE or role_arn is None:
            return failure
        permission = f"iam:GetRole on {role_arn}"
        if self._note(permission) is not None:
            return failure
        try:
            found = look_at_role(self._clients, role_arn)
        except ReconcileError as unseen:
            logger.info("%s: the role is not looked at: %s", self._clients.place.region, unseen)
            if unseen.kind is not Kind.RETRY:
                self._turn_off(permission, _HOUR, str(unseen))
            return failure
        return replace(failure, message=f"{failure.message} ({found})") if found is not None else failure

    def _checks(self, launch: Launch) -> Iterator[Check]:
        clients = self._clients
        if launch.targets is not None:  # first: who waits for others to make room asks nothing else
            yield self._targets_check(launch.targets, give=False)
        yield from self._of_contents(launch.images, launch.artifacts)
        for alarm in sorted(launch.alarms):
            yield Check("alarms", alarm, "cloudwatch:DescribeAlarms", "*", partial(check_alarm, clients, alarm))
        for role in sorted(launch.watchers):
            make = partial(check_watcher, clients, role)
            yield Check("the role's permissions", role, "iam:SimulatePrincipalPolicy", role, make)
        for role in sorted({each.role for each in launch.writers}):
            writers = tuple(sorted(each for each in launch.writers if each.role == role))
            make = partial(check_writers, clients, role, writers)
            yield Check("the role's permissions", writers, "iam:SimulatePrincipalPolicy", role, make, blocks=False)
        for need in launch.needs:
            yield Check("quotas", need, "servicequotas:ListServiceQuotas", "*", partial(self._check_quota, need))
        if launch.targets is not None:  # last: what is not launched keeps them from nobody
            yield self._targets_check(launch.targets, give=True)

    def _of_contents(self, images: frozenset[str], artifacts: frozenset[Artifact]) -> Iterator[Check]:
        clients = self._clients
        for image in sorted(images):
            where = repository_of(image)
            yield Check(
                "images", image, "ecr:DescribeImages", where, partial(check_image, clients, image, self._digests.put)
            )
        for artifact in sorted(artifacts):
            where = f"the bucket {artifact.bucket}"
            make = partial(check_artifact, clients, artifact, self._stored.put)
            yield Check("artifacts", artifact, "s3:ListBucket", where, make)

    def _of(self, supplies: Supplies) -> Iterator[Check]:
        clients = self._clients
        yield from self._of_contents(supplies.images, supplies.artifacts)
        for role in sorted(supplies.roles):
            yield Check("roles", role, "iam:GetRole", role, partial(check_role, clients, role))
        for secret in sorted(supplies.secrets):
            permission = "secretsmanager:DescribeSecret"
            yield Check("secrets", secret, permission, secret, partial(check_secret, clients, secret))

    def _targets_check(self, targets: Targets, *, give: bool) -> Check:
        make = partial(self._targets.promise, targets, give=give)
        return Check("quotas", targets, "servicequotas:ListServiceQuotas", "*", make, believed=False)

    def _check_quota(self, need: Need) -> ReconcileError | None:
        limit = self._quotas.of(need.quota, _HOUR)
        if limit is None or not need.exceeds(limit):
            return None
        limit = self._quotas.of(need.quota, _RECENT)  # it may just have been raised
        if limit is None or not need.exceeds(limit):
            return None
        return ReconcileError(Kind.BLOCKED, Reason.QUOTA_EXCEEDED, need.refusal(limit))

    def _once(self, check: Check) -> str | None:
        """Make a check unless it was found good just now; returns why it is off, if it is."""
        note = self._note(check.leave)
        if note is not None:
            return note
        found_good = self._good.get(check.key)
        if check.believed and found_good is not None and self._clock() - found_good < _FRESH:
            return None
        try:
            wrong = check.make()
        except ReconcileError as failure:
            return self._not_made(check, failure)
        self._tries.drop(check.leave)
        if wrong is None:
            self._good.put(check.key, self._clock())
        elif check.blocks:
            raise wrong
        return wrong.message if wrong is not None else None

    def _not_made(self, check: Check, failure: ReconcileError) -> str:
        """Turn the check off; the failure itself where it is soon over, or stands in the way of all else, too."""
        if failure.reason is Reason.CREDENTIALS:
            raise failure
        if failure.kind is Kind.RETRY:
            with self._lock:
                tries = (self._tries.get(check.leave) or 0) + 1
                self._tries.put(check.leave, tries)
            if tries < _TRIES:
                raise failure
        why = f"AWS does not answer to {check.leave} ({failure.code or failure.reason})"
        if failure.reason is Reason.ACCESS_DENIED:
            why = f"the operator lacks the permission {check.leave}"
        note = f"pre-flight does not check {check.kind}: {why}"
        logger.warning("%s: %s: %s", self._clients.place.region, note, failure)
        self._turn_off(check.leave, _FRESH if failure.kind is Kind.RETRY else _HOUR, note)
        return note

    def _turn_off(self, leave: str, seconds: float, note: str) -> None:
        self._tries.drop(leave)
        self._off.put(leave, (self._clock() + seconds, note))

    def _note(self, leave: str) -> str | None:
        """Why checks by this permission are off at present."""
        off = self._off.get(leave)
        return off[1] if off is not None and self._clock() < off[0] else None

"""Pre-flight: says within seconds what AWS would say after an hour of billing, or never.

Only what AWS does not check at once itself: CreateModel checks role and artifact, CreateEndpoint and
UpdateEndpoint the quota. A missing image fails the endpoint much later; a missing alarm guards nothing.
A missing permission turns a check off, with a note; it never blocks.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable

from smendpoints.aws.clients import Clients
from smendpoints.domain.errors import AwsFailure, Kind
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)
_FRESH = 300.0
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+)"
    r"(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class Preflight:
    """The checks of one place. What was found good is believed for five minutes."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._good: dict[str, float] = {}
        self._off: set[str] = set()

    def check(self, images: Iterable[str], alarms: Iterable[str]) -> None:
        """Look for each image and alarm.

        Raises:
            AwsFailure: one is missing (`BLOCKED`); or AWS could not be asked now (`RETRY`).
        """
        for image in sorted(set(images)):
            self._once(f"image {image}", "ecr:DescribeImages", self._image, image)
        for alarm in sorted(set(alarms)):
            self._once(f"alarm {alarm}", "cloudwatch:DescribeAlarms", self._alarm, alarm)

    def _once(self, what: str, permission: str, look: Callable[[str], None], name: str) -> None:
        with self._lock:
            if permission in self._off or self._clock() - self._good.get(what, float("-inf")) < _FRESH:
                return
        try:
            look(name)
        except AwsFailure as failure:
            if failure.reason is not Reason.ACCESS_DENIED:
                raise
            logger.warning("pre-flight does without %s in %s: %s", permission, self._clients.place.region, failure)
            with self._lock:
                self._off.add(permission)
            return
        with self._lock:
            self._good[what] = self._clock()

    def _image(self, image: str) -> None:
        match = _ECR.fullmatch(image)
        if match is None:
            return  # the API server lets none through; an older CRD might have
        if match["region"] != self._clients.place.region:
            message = (
                f"the image {image} is in {match['region']}; push it to {self._clients.place.region}, the endpoint's"
            )
            raise AwsFailure(Kind.BLOCKED, Reason.IMAGE_NOT_FOUND, message)
        identity = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
        try:
            self._clients.call(
                "ecr",
                "describe_images",
                registryId=match["account"],
                repositoryName=match["repository"],
                imageIds=[identity],
            )
        except AwsFailure as failure:
            if failure.code in {"ImageNotFoundException", "RepositoryNotFoundException"}:
                message = f"the image {image} is not in Amazon ECR: push it, or name one that is there"
                raise AwsFailure(Kind.BLOCKED, Reason.IMAGE_NOT_FOUND, message) from failure
            raise

    def _alarm(self, alarm: str) -> None:
        found = self._clients.call("cloudwatch", "describe_alarms", AlarmNames=[alarm])
        if not found.get("MetricAlarms") and not found.get("CompositeAlarms"):
            message = (
                f"rollout.rollback.alarmNames: there is no alarm {alarm} in {self._clients.place.region}; make it first"
            )
            raise AwsFailure(Kind.BLOCKED, Reason.ALARM_NOT_FOUND, message)

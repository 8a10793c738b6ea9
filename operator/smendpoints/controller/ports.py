"""AWS as the controller needs it: one place, whole. `aws.account.Account` is the one that is real.

Whoever stands between, as tests do with faults, wraps a part and hands the whole to the controller: nothing here looks
behind these words. All raise `ReconcileError` where AWS could not be asked or did not do it, unless they say that they
cost nothing: those ask nobody.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import NEVER, Summary
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.experiment.outcomes import Written
from smendpoints.domain.observed.cost import Price
from smendpoints.domain.observed.monitoring import ListedMonitoring, ObservedDashboard
from smendpoints.domain.observed.observed import (
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    OwnedResources,
    OwnMonitoring,
    Recalled,
)
from smendpoints.domain.observed.samples import Readings, Series
from smendpoints.domain.plan.actions import Action, PolicyARN
from smendpoints.domain.plan.alarms import Ownership
from smendpoints.domain.preflight.launch import Artifact, Launch, Stored
from smendpoints.domain.preflight.supplies import Supplies


class Listings(Protocol):
    """What the shared listings say. `since` is an instant of the controller's clock: the last write for the object."""

    @property
    def known(self) -> bool:
        """Whether all lists were read to their end since the process began. Costs nothing."""

    @property
    def seen_at(self) -> float:
        """When the newest listing of endpoints was begun, be it of what moved. Costs nothing."""

    def blind_seconds(self) -> float:
        """For how long endpoints could not be listed; 0 while they can. Costs nothing."""

    def peek(self, name: str) -> Summary | None:
        """What the last listings said of an endpoint, however old; None if it was not listed. Costs nothing."""

    def settled(self, name: str, since: float = NEVER) -> Summary | None:
        """What lists say that are all complete and were begun after `since`; `ABSENT` if there is no such endpoint.

        None while they are not. Costs nothing.
        """

    def current(self, name: str, since: float) -> bool:
        """Whether what `peek` tells, be it that there is none, was listed after `since`. Costs nothing."""

    def absent(self, name: str, since: float) -> bool:
        """Whether a list that was begun after `since` and would show such an endpoint shows none. Costs nothing."""

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        """Which of these configs and models are gone; none if they were not listed after `since`. Costs nothing."""

    def wrote(self, endpoint: str) -> None:
        """Something of the endpoint was changed: it is told to have moved once that can be settled. Costs nothing."""

    def deleting(self, endpoint: str) -> None:
        """AWS was told to delete the endpoint: it is told to have moved once it is listed no more. Costs nothing."""

    def monitors(self) -> None:
        """An object has alarms or a dashboard: they are listed from now on. Costs nothing."""

    def monitoring(self, name: str, since: float) -> ListedMonitoring | None:
        """The alarms and the dashboard as listed after `since`; None if they were not. Costs nothing."""

    def look(self, name: str, *, max_age: float, since: float = NEVER) -> Summary | None:
        """What a listing says that is at most `max_age` seconds old and was begun after `since`; else it is read."""

    def audit(self, max_age: float) -> None:
        """Read what is older of the lists of autoscaling, contents and tags."""


class Observing(Protocol):
    """Looking closely. What is not there is None."""

    def endpoint(
        self, name: str, tags: Mapping[str, str] | None = None, described: ObservedEndpoint | None = None
    ) -> ObservedEndpoint | None:
        """The endpoint with its tags, which are asked for unless given; `described`: it was a moment ago."""

    def recall(self, name: str, summary: Summary, tagged_since: float, scaled_since: float) -> Recalled | None:
        """An endpoint in service with tags and autoscaling as listed since; described only if it has moved.

        None where they were not, or it is not in service. It will do to find out that nothing need be done; who finds
        something to do looks closely before.
        """

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of anything in SageMaker."""

    def config(self, name: str) -> ObservedConfig | None:
        """A config."""

    def model(self, name: str) -> Mapping[str, Any] | None:
        """DescribeModel's response."""

    def targets(self, resource_ids: list[str], *, bare: bool = False) -> tuple[ObservedTarget, ...]:
        """The scalable targets with these ids, each with its policies and schedules unless `bare`."""

    def listed_targets(self, name: str, since: float) -> tuple[ObservedTarget, ...] | None:
        """The endpoint's scalable targets as listed after `since`; None if they were not. Costs nothing."""

    def alarms(self, prefix: str) -> Mapping[str, Mapping[str, Any]]:
        """The metric alarms whose names begin so."""

    def alarm_tags(self, alarm: Mapping[str, Any], owner: Owner) -> Mapping[str, str]:
        """The tags of an alarm as `alarms` shows it."""

    def alarm_owners(self, endpoint: str, owner: Owner) -> Ownership:
        """Whose the alarms are that are named after the endpoint."""

    def owned_resources(self, endpoint: str, owner: Owner, *, alarms: bool, listed: bool = False) -> OwnedResources:
        """What of the owner's is there, by name and tags; `listed`: the shared listing will do for the names."""

    def unowned(self, endpoint: str, config_name: str) -> tuple[str, ...]:
        """The ARNs of this config and of its models that are named as ours are, and are nobody's."""


class ObservingMonitoring(Protocol):
    """Looking closely at the alarms and the dashboard of `spec.monitoring`."""

    def alarms(self, endpoint: str) -> Mapping[str, Mapping[str, Any]]:
        """The endpoint's alarms by name."""

    def dashboard(self, name: str) -> ObservedDashboard | None:
        """A dashboard with its tags."""

    def owned(self, endpoint: str, owner: Owner, *, has_dashboard: bool) -> OwnMonitoring:
        """What of it is the owner's; where dashboards may not be looked at, none unless it surely has one."""


class Prices(Protocol):
    """What instances cost."""

    def of(self, instance_type: str) -> Price | None:
        """The price of an hour; None where it is not known. Costs nothing."""

    def look_up(self) -> bool:
        """Ask for what was asked for here and is not known yet; whether there was any. Raises if it may be soon."""


class Preflight(Protocol):
    """What is found out before a fleet is launched."""

    def check(self, launch: Launch) -> tuple[str, ...]:
        """Make the checks of a launch; returns a note for each that is off. Raises, too, if something is missing."""

    def lacks(self, supplies: Supplies) -> ReconcileError | None:
        """What is gone of what another instance is started from, as far as may be looked at."""

    def topics(self, arns: Iterable[str]) -> tuple[str, ...]:
        """Look whether these SNS topics are there; a note for each look that is off. Raises, too, if one is missing."""

    def digests(self, images: Iterable[str]) -> Mapping[str, str]:
        """The digests that were found behind the names of images when they were looked at last. Costs nothing."""

    def stored(self, artifacts: Iterable[Artifact]) -> Mapping[str, Stored]:
        """What was found behind the URIs of artifacts when they were looked at last. Costs nothing."""

    def explain(self, failure: ReconcileError, role_arn: str | None) -> ReconcileError:
        """The failure, with what IAM says of the role where AWS's words leave that open."""


class Datapoints(Protocol):
    """What CloudWatch has of many series. Periods are numbered from the epoch on."""

    @property
    def period(self) -> int:
        """Seconds."""

    def settled(self, now: datetime) -> int:
        """The number of the first period that is not told yet. Costs nothing."""

    def read(self, wanted: Collection[Series], since: int, now: datetime) -> Readings:
        """These series from period `since` on; AWS is asked once in a period, for all objects together."""


class Summaries(Protocol):
    """The summaries of experiments' outcomes in S3."""

    def read(self, uri: str, known: str | None) -> Written | None:
        """The object; None where its ETag is the one that is known. `Kind.GONE` is raised where there is none."""


class Aws(Protocol):
    """One account and region."""

    @property
    def place(self) -> Place:
        """Where it is, and which role is assumed for it."""

    @property
    def watch(self) -> Listings:
        """The shared listings."""

    @property
    def observe(self) -> Observing:
        """Looking closely."""

    @property
    def monitoring(self) -> ObservingMonitoring:
        """Looking closely at alarms and dashboards."""

    @property
    def prices(self) -> Prices:
        """What instances cost."""

    @property
    def preflight(self) -> Preflight:
        """What is found out before a fleet is launched."""

    @property
    def datapoints(self) -> Datapoints:
        """CloudWatch's metrics."""

    @property
    def summaries(self) -> Summaries:
        """Outcomes that come later than their requests."""

    def apply(
        self, action: Action, policies: dict[PolicyARN, str], *, adopts: bool = False, namespace: str | None = None
    ) -> None:
        """Carry out one action; `policies` collects the ARNs of the scaling policies that were put.

        `adopts`: a model or config of this name that is as wanted, and nobody's, is taken over. `namespace`: for whose
        object it is.
        """

    def own_account(self) -> str | None:
        """The number of the account that the operator acts in without a role; None if AWS cannot be asked."""

    def invocations_url(self, endpoint: str) -> str:
        """Where the endpoint is invoked. Costs nothing."""

    def log_tail(self, endpoint: str, variants: Collection[str], since: datetime) -> list[str]:
        """The last lines of a container of these variants."""

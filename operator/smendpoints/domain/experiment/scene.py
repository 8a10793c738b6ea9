"""All that the life of an experiment depends on. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.experiment.judging import Judged


@dataclass(frozen=True)
class Looked:
    """What a look brought: findings by challenger, the requests of each arm that count, until when, and what could not
    be read.

    `outcomes`: by metric until when requests of it count, where their outcomes come later. `notes`: what is waited for
    that somebody has to do.
    """

    judged: Mapping[str, Judged] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    until: datetime | None = None
    unread: str | None = None
    outcomes: Mapping[str, datetime] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """All that the life of an experiment depends on.

    `endpoint` is as the API server has it; None: there is none. `rival`: the experiment that has its traffic instead.
    `looked`: what came of a look; None: none was due. `period`: seconds of what CloudWatch counts at once.
    """

    experiment: SageMakerExperiment
    endpoint: SageMakerEndpoint | None
    rival: str | None
    looked: Looked | None
    now: datetime
    period: int

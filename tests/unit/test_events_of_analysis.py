"""Of an analysis there is one Event beforehand if it sees little, and one for each verdict."""

from typing import Any

import pytest

from smendpoints.api.analysis import Analysis, AnalysisStatus, ComparedMetric
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.status.events import events

BLIND = "at 3 requests a minute this rollout cannot see any difference of errors of a"


def analysis(
    verdict: str = "Hold", message: str = "", *, visible: float | None = 0.5, rate: float | None = 3.0, **asked: Any
) -> AnalysisStatus:
    wish = Analysis.model_validate(
        {"metrics": [{"name": "errors", "errorRate": {}, "marginPercentagePoints": 1}], **asked}
    )
    metric = ComparedMetric(name="errors", variant="a", smallest_visible_points=visible)
    return AnalysisStatus(
        asked=wish,
        horizon=100,
        verdict=verdict,
        message=message,
        metrics=[metric],
        requests_per_minute=rate,
    )


def status(judged: AnalysisStatus | None, **rollout: Any) -> SageMakerEndpointStatus:
    made = {"configName": "new", "attempt": "x", "phase": "InProgress", "startedAt": "2026-11-26T11:00:00Z", **rollout}
    found = RolloutStatus.model_validate(made).model_copy(update={"analysis": judged})
    return SageMakerEndpointStatus(rollout=found)


def told(before: SageMakerEndpointStatus, after: SageMakerEndpointStatus) -> list[tuple[bool, str, str]]:
    return [(each.warning, each.reason, each.message) for each in events(before, after)]


NOTHING = SageMakerEndpointStatus()


def test_what_a_rollout_cannot_see_is_told_before_it() -> None:
    blind = status(analysis(message=BLIND, visible=None))
    assert told(NOTHING, blind) == [(True, "FewRequests", BLIND)]
    assert told(status(None), blind) == [(True, "FewRequests", BLIND)]
    assert told(blind, blind) == [], "once"
    unknown = status(analysis(message="how little can be seen is not known: denied", rate=None))
    assert told(NOTHING, unknown) == [(True, "FewRequests", "how little can be seen is not known: denied")]
    assert told(NOTHING, status(analysis(message="all is well"))) == [], "it sees enough"
    assert told(NOTHING, status(None)) == []


@pytest.mark.parametrize("again", [{"attempt": "y"}, {"startedAt": "2026-11-26T12:00:00Z"}])
def test_of_another_attempt_it_is_told_anew(again: dict[str, Any]) -> None:
    judged = analysis("Rollback", message=BLIND, visible=None)
    assert told(status(judged), status(analysis(message=BLIND, visible=None), **again)) == [
        (True, "FewRequests", BLIND)
    ]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("Hold", "Ship", (False, "RolloutJudged", "new: analysis: Ship, why")),
        ("Hold", "Rollback", (True, "RolloutJudged", "new: analysis: Rollback, why")),
        ("Hold", "Inconclusive", (True, "RolloutJudged", "new: analysis: Inconclusive, why")),
        ("Hold", "Invalid", (True, "RolloutJudged", "new: analysis: Invalid, why")),
        ("Invalid", "Ship", (False, "RolloutJudged", "new: analysis: Ship, why")),
        ("Rollback", "Rollback", None),
        ("Invalid", "Hold", None),
        ("Hold", "Hold", None),
    ],
)
def test_each_verdict_is_told_once(before: str, now: str, said: tuple[bool, str, str] | None) -> None:
    after = status(analysis(now, "why"))
    assert told(status(analysis(before, "why")), after) == ([said] if said is not None else [])


def test_a_dry_run_says_that_it_is_one() -> None:
    before, now = status(analysis(dryRun=True)), status(analysis("Rollback", "", dryRun=True))
    assert told(before, now) == [(True, "RolloutJudged", "new: dry run of the analysis: Rollback")]

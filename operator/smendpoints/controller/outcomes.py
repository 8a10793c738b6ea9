"""The outcomes of one experiment that come later than its requests, as far as their summaries in S3 tell.

Each is read again when it was written anew. What is kept here may be lost: it is all in S3. Not here: the join of
captured requests with the truth, which is `kubectl smendpoint outcomes`, and needs rights that the operator has not.
"""

from datetime import UTC, datetime

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_metrics import ExperimentMetric
from smendpoints.controller.ports import Summaries
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.outcome_tally import tally_of
from smendpoints.domain.experiment.outcomes import SECONDS, Summary, SummaryError, summary_at
from smendpoints.domain.experiment.tally import Tally


class Outcomes:
    """What is known of the outcomes of one experiment, by metric."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.unread: str | None = None
        self.notes: tuple[str, ...] = ()
        self._etags: dict[str, str] = {}

    def seen(self) -> tuple[tuple[str, str], ...]:
        """What changes whenever there is something new."""
        return tuple(sorted(self._etags.items()))

    def until(self) -> dict[str, datetime]:
        """By metric until when requests of it count."""
        return {
            name: datetime.fromtimestamp(tally.until * SECONDS, UTC)
            for name, tally in self.tallies.items()
            if tally.until is not None
        }

    def read(self, experiment: SageMakerExperiment, summaries: Summaries) -> None:
        """Read what was written since the last time. What cannot be read is told in `unread`, and known stays known."""
        self.unread, notes = None, []
        captured = experiment.status.captured
        for asked in experiment.spec.all_metrics():
            if asked.outcome is None:
                continue
            metric, uri = asked.name, summary_at(captured or "", experiment.metadata.name, asked.name)
            try:
                note = self._read_one(experiment, asked, uri, summaries)
            except ReconcileError as failure:
                if failure.kind is not Kind.GONE:
                    self.unread = f"outcomes of {metric}: {failure}"
                    continue
                note = "nothing is known yet"
            if note is not None:
                notes.append(f"outcomes of {metric}: {note}, run `kubectl smendpoint outcomes` now and then ({uri})")
        self.notes = tuple(notes)

    def _read_one(
        self, experiment: SageMakerExperiment, asked: ExperimentMetric, uri: str, summaries: Summaries
    ) -> str | None:
        metric = asked.name
        found = summaries.read(uri, self._etags.get(metric))
        if found is None:
            return None
        try:
            summary = Summary.parse(found.data, experiment.metadata.uid, metric, mean=asked.is_mean)
        except SummaryError as error:
            return str(error)
        self.tallies[metric] = tally_of(summary, experiment.spec.arms(), experiment.status.steps)
        self._etags[metric] = found.etag
        return None

"""One experiment for programs: `Experiment("iris-boosting").wait().verdict`.

With the user's own rights in Kubernetes; AWS is asked by `answers` alone. What the figures mean is in
docs/experiments.md.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from smclient.acting import winners_weights, write
from smclient.aws.session import Aws
from smclient.captured.installed import needs_numpy
from smclient.errors import ClientError, NotFoundError
from smclient.kube.cluster import Object
from smclient.objects import ClusterObject
from smclient.specs.promoting import Promotion
from smclient.views.advice import advice
from smclient.views.experiments import ExperimentView, experiment_view
from smclient.views.fields import is_current, region_of
from smendpoints.api.group import EXPERIMENT_PLURAL

if TYPE_CHECKING:
    from smclient.answering import Answered


class Experiment(ClusterObject):
    """A SageMakerExperiment object: how it stands, its verdict, and what follows."""

    def object(self) -> Object:
        """The object as the API server has it.

        Raises:
            NotFoundError: it is not there, or the operator is older than experiments.
            KubernetesError: refused, or no answer.
        """
        return self._cluster.experiment(self.namespace, self.name)

    def status(self) -> ExperimentView:
        """How it is now: arms, metrics with their intervals (in percentage points), verdict; errors as `object`."""
        return experiment_view(self.object())

    def advice(self) -> str:
        """What to do next, in a sentence or two; errors as `object`."""
        return advice(self.status())

    def wait(self, seconds: float = 14 * 86400.0) -> ExperimentView:
        """Wait for its verdict.

        Raises:
            ClientError: it will have none by itself, or has none within `seconds`; says why.
            NotFoundError: it is not there, or not any more.
        """

        def look() -> tuple[bool, ExperimentView, str]:
            found = self.object()
            view = experiment_view(found)
            if view.phase == "Deleting" and view.verdict is None:
                raise ClientError(f"{self.namespace}/{self.name} is being deleted, without a verdict")
            if view.stalled and is_current(found):
                raise ClientError(f"{self.namespace}/{self.name} is stalled: {view.message}", advice(view))
            return view.verdict is not None, view, view.message

        return self._awaited(look, "decided", seconds)

    def promote(self, *, dry_run: bool = False, anyway: bool = False) -> Promotion:
        """Write the winner into its endpoint's spec: all of the arms' traffic goes to it, other variants keep theirs.

        Args:
            dry_run: only ask the API server whether it would take it.
            anyway: also where Argo CD or Flux keeps the spec, which then undo it unless Git says the same.

        Returns:
            The weights, by variant, and what to do with the experiment afterwards.

        Raises:
            ClientError: there is no verdict yet, no winner, or the winner is not what was compared any more.
            KeptError: Argo CD or Flux keeps the spec, so nothing was written; `patch` is what would have been.
            KubernetesError: refused, or no answer.
        """
        endpoint, made, change = winners_weights(self._cluster, self.object())
        if change:
            write(self._cluster, endpoint, change, anyway=anyway, dry_run=dry_run)
        return made

    def answers(self, truth: str | None = None, *, region: str | None = None, session: Any = None) -> "Answered":
        """How the models answered since it began: `report.models` by variant, with error rates, latency, classes,
        confidence, calibration and drift against training; `report.disagreement` on the same inputs; `notes` on what
        could not be told.

        Args:
            truth: a prefix in S3 of the true classes by inference id, CSV or JSON lines; without it accuracy,
                calibration and confusion are None.
            region: AWS region; the endpoint's unless given.
            session: a `boto3.Session` to use instead of the default one.

        Raises:
            ClientError: numpy is missing, it has not begun, or there is nothing to tell.
            AWSError: S3 or CloudWatch refused, or could not be asked.
            KubernetesError: as `object`.
        """
        needs_numpy()
        from smclient.answering import of_experiment

        found = self.object()
        try:
            endpoint = self._cluster.endpoint(self.namespace, str(found["spec"]["endpointRef"]["name"]))
        except NotFoundError:
            endpoint = None
        where = region or (region_of(endpoint) if endpoint is not None else None)
        return of_experiment(Aws(where, session), found, endpoint, truth, datetime.now(UTC))

    def delete(self) -> None:
        """Delete it: the weights of the endpoint's spec come back; errors as `object`."""
        metadata: dict[str, Any] = dict(self.object()["metadata"])
        self._cluster.delete(self.namespace, self.name, str(metadata["uid"]), EXPERIMENT_PLURAL)

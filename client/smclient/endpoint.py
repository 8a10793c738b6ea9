"""One endpoint for programs: `Endpoint("iris").predict(rows)`.

Everything is done with the user's own rights: the kubeconfig for the object, the AWS credentials for the endpoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from smclient.aws.invoking import Answer, Asking, Invoker
from smclient.aws.session import Aws
from smclient.captured.installed import needs_numpy
from smclient.errors import ClientError, NotFoundError
from smclient.kube.cluster import Cluster, Object
from smclient.objects import ClusterObject
from smclient.payload import Payload, payload_of
from smclient.views.fields import region_of
from smclient.views.history import RevisionView, history_view
from smclient.views.status import StatusView, status_view
from smclient.views.waiting import verdict

if TYPE_CHECKING:
    from smclient.answering import Answered


@dataclass(frozen=True)
class Prediction:
    """What a model said of the rows. `predictions` has an entry a row; `variant` says who answered."""

    predictions: list[Any]
    variant: str | None
    seconds: float
    answer: Answer = field(repr=False)


class Endpoint(ClusterObject):
    """A SageMakerEndpoint object and the endpoint that it stands for.

    Args:
        name: the object's name.
        namespace: its namespace; the kubeconfig context's unless given.
        context: the kubeconfig's context; its current one unless given.
        kubeconfig: the kubeconfig to use instead of KUBECONFIG.
        session: a `boto3.Session` to use instead of the default one.
        cluster: a cluster that is connected already, instead of `context` and `kubeconfig`.
    """

    def __init__(
        self,
        name: str,
        namespace: str | None = None,
        *,
        context: str | None = None,
        kubeconfig: str | None = None,
        session: Any = None,
        cluster: Cluster | None = None,
    ) -> None:
        super().__init__(name, namespace, context=context, kubeconfig=kubeconfig, cluster=cluster)
        self._session = session
        self._invoker: Invoker | None = None

    def object(self) -> Object:
        """The object as the API server has it.

        Raises:
            NotFoundError: it is not there.
            KubernetesError: refused, or no answer.
        """
        return self._cluster.endpoint(self.namespace, self.name)

    def status(self) -> StatusView:
        """How it is now; errors as `object`."""
        found = self.object()
        events = self._cluster.events_or_none(self.namespace, found["metadata"]["uid"])
        return status_view(found, events, datetime.now(UTC))

    def history(self) -> Sequence[RevisionView]:
        """Its revisions, newest first; errors as `object`."""
        return history_view(self.object())

    def wait(self, goal: str = "ready", seconds: float = 1800.0) -> StatusView | None:
        """Wait until it is `ready`, its `rollout` is done, or it is `deleted` (then None).

        Raises:
            ClientError: it will not be so by itself, or is not within `seconds`; says why.
        """

        def look() -> tuple[bool, StatusView | None, str]:
            try:
                view = status_view(self.object(), (), datetime.now(UTC))
            except NotFoundError:
                if goal == "deleted":
                    return True, None, ""
                raise
            done, why_not = verdict(view, goal)
            if why_not is not None:
                raise ClientError(f"{self.namespace}/{self.name}: {why_not}")
            return done, view, view.message

        return self._awaited(look, goal, seconds)

    def predict(
        self, rows: Any, *, explain: bool | Sequence[str] = False, target_variant: str | None = None
    ) -> Prediction:
        """What the model says of rows.

        Args:
            rows: lists of numbers or a NumPy array, sent as JSON; mappings by feature name or a pandas DataFrame, sent
                as CSV with its names.
            explain: True for everything that the container explains, or names of parts; this project's container
                understands it.
            target_variant: the variant to ask, instead of one by weight.

        Raises:
            ClientError: the rows cannot be sent, or the answer has no predictions.
            AWSError: AWS or the model refused.
        """
        parts = tuple(explain) if not isinstance(explain, bool) else () if explain else None
        answer = self.invoke(payload_of(rows), Asking("application/json", target_variant, explain=parts))
        found = answer.json()
        predictions = found.get("predictions") if isinstance(found, dict) else found
        if not isinstance(predictions, list):
            raise ClientError("the answer has no list of predictions", "use `invoke`, which gives it as it is")
        return Prediction(predictions, answer.variant, answer.seconds, answer)

    def invoke(
        self,
        payload: Payload | bytes,
        asking: Asking | None = None,
        *,
        content_type: str = "application/json",
        seconds: float = 900.0,
    ) -> Answer:
        """The answer to a request, whatever its content; an asynchronous endpoint's is awaited for `seconds`.

        Raises:
            AWSError: AWS or the model refused, or there is no answer in time.
        """
        sent = payload if isinstance(payload, Payload) else Payload(payload, content_type)
        invoker, output_path = self._ready_invoker()
        if output_path is None:
            return invoker.invoke(sent, asking or Asking())
        return invoker.answer(invoker.submit(sent, asking or Asking(), output_path), seconds)

    def answers(
        self, truth: str | None = None, *, since: timedelta = timedelta(days=1), region: str | None = None
    ) -> "Answered":
        """How its variants, and its shadow, answered in that time; as `Experiment.answers`."""
        needs_numpy()
        from smclient.answering import of_endpoint

        found, now = self.object(), datetime.now(UTC)
        return of_endpoint(Aws(region or region_of(found), self._session), found, truth, now - since, now)

    def _ready_invoker(self) -> tuple[Invoker, str | None]:
        """Who asks, and where the answers of an asynchronous endpoint go; the object is read once."""
        if self._invoker is None:
            found = self.object()
            self._invoker = invoker_of(found, self._session)
            self._output_path = output_path_of(found)
        return self._invoker, self._output_path

    _output_path: str | None = None


def invoker_of(found: Object, session: Any = None) -> Invoker:
    """Who asks the endpoint of an object.

    Raises:
        ClientError: it has no endpoint yet.
    """
    endpoint = ((found.get("status") or {}).get("endpoint") or {}).get("name")
    metadata = found["metadata"]
    if not endpoint:
        raise ClientError(
            f"{metadata['namespace']}/{metadata['name']} has no endpoint yet", "see `kubectl smendpoint status`"
        )
    return Invoker(Aws(region_of(found), session), str(endpoint))


def output_path_of(found: Object) -> str | None:
    """Where the answers of an asynchronous endpoint go; None where it is not asynchronous."""
    path = ((found.get("spec") or {}).get("async") or {}).get("outputPath")
    return str(path) if path else None

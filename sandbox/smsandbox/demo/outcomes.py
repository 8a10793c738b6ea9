"""Traffic whose outcomes are known: flowers of the iris data, one a request, whose species nobody has to wait for.

How many predictions of each variant were wrong is published to CloudWatch once a second, as a user's own service would
do it, zeros too: a share that a `SageMakerExperiment` reads by `cloudWatch`.
"""

import json
import random
import threading
from collections import Counter
from types import TracebackType
from typing import Any, Self

from sklearn.datasets import load_iris

from smsandbox import assets
from smsandbox.demo.traffic import PATIENCE_SECONDS, Traffic
from smsandbox.world import World

NAMESPACE = "iris/outcomes"
EVERY_SECONDS = 1.0
THREADS = 4  # one that waits for a slow answer must not keep the others


class KnownOutcomes(Traffic):
    """`Traffic` of one flower a request; `predictions` and `wrong` count by variant what was answered."""

    def __init__(self, world: World, endpoint: str, rate: float) -> None:
        super().__init__(world, endpoint, "", rate, THREADS)
        found = load_iris()
        self._flowers = [
            (row, str(found.target_names[species]))
            for row, species in zip(found.data.tolist(), found.target, strict=True)
        ]
        self._random = random.Random(11)
        self._cloudwatch: Any = assets.client(world, "cloudwatch")
        self._publisher = threading.Thread(target=self._publish_often, daemon=True)
        self._published: dict[str, tuple[int, int]] = {}
        self.predictions: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def __enter__(self) -> Self:
        super().__enter__()
        self._publisher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._publisher.join(PATIENCE_SECONDS)

    def _invoke(self) -> None:
        row, species = self._random.choice(self._flowers)
        answer, variant = self._ask(json.dumps({"instances": [row]}))
        (prediction,) = json.loads(answer)["predictions"]
        with self._lock:
            self.predictions[variant] += 1
            self.wrong[variant] += prediction["predicted_class"] != species

    def _publish_often(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            if data := self._new():
                self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)

    def _new(self) -> list[dict[str, Any]]:
        """What was counted since the last time, of each variant that answered."""
        with self._lock:
            counted = {variant: (self.predictions[variant], self.wrong[variant]) for variant in self.predictions}
        before, self._published = self._published, counted
        data: list[dict[str, Any]] = []
        for variant, numbers in counted.items():
            place = [{"Name": "Endpoint", "Value": self._endpoint}, {"Name": "Variant", "Value": variant}]
            for name, now, then in zip(("Predictions", "Wrong"), numbers, before.get(variant, (0, 0)), strict=True):
                data.append({"MetricName": name, "Dimensions": place, "Value": now - then, "Unit": "Count"})
        return data

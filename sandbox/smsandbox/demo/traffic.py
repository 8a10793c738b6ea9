"""Steady invocations of one endpoint, each of which counts: nothing is retried."""

import threading
import time
from types import TracebackType
from typing import Any, Self

import botocore.exceptions
from botocore.config import Config

from smsandbox import assets
from smsandbox.world import World

THREADS = 2
PATIENCE_SECONDS = 30.0


class Traffic:
    """A context: while it is open, `rate` requests a second (or as many as the machine manages) are sent."""

    def __init__(self, world: World, endpoint: str, body: str, rate: float, threads: int = THREADS) -> None:
        once = Config(retries={"total_max_attempts": 1}, max_pool_connections=threads)
        self._client: Any = assets.client(world, "sagemaker-runtime", once)
        self._endpoint = endpoint
        self._same_body = body
        self._pause = threads / rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]
        self.answered = 0
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _send(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic() - 1)  # what could not be sent in time is not made up for
            failure = None
            try:
                self._invoke()
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
                failure = str(error)
            with self._lock:
                if failure is None:
                    self.answered += 1
                else:
                    self.failures.append(failure)

    def _invoke(self) -> None:
        self._ask(self._same_body)

    def _ask(self, body: str) -> tuple[bytes, str]:
        """What was answered, and the variant that did."""
        answer = self._client.invoke_endpoint(EndpointName=self._endpoint, ContentType="application/json", Body=body)
        return answer["Body"].read(), answer["InvokedProductionVariant"]

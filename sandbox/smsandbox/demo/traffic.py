"""Steady invocations of one endpoint, each of which counts: nothing is retried."""

import threading
import time
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.exceptions
from botocore.config import Config

THREADS = 2
PATIENCE_SECONDS = 30.0


class Traffic:
    """A context: while it is open, `rate` requests a second (or as many as the machine manages) are sent."""

    def __init__(
        self, url: str, region: str, credentials: tuple[str, str], endpoint: str, body: str, rate: float
    ) -> None:
        self._client: Any = boto3.client(
            "sagemaker-runtime",
            endpoint_url=url,
            region_name=region,
            aws_access_key_id=credentials[0],
            aws_secret_access_key=credentials[1],
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=THREADS),
        )
        self._request = {"EndpointName": endpoint, "ContentType": "application/json", "Body": body}
        self._pause = THREADS / rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(THREADS)]
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
                self._client.invoke_endpoint(**self._request)["Body"].read()
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
                failure = str(error)
            with self._lock:
                if failure is None:
                    self.answered += 1
                else:
                    self.failures.append(failure)

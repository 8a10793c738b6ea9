"""The floor: a Flask application that only echoes, behind gunicorn's own thread worker or behind ours.

`python echo.py gthread|ours PORT WORKERS`. What a container adds to this is its work; what this costs is HTTP.
"""

from __future__ import annotations

import logging.config
import sys
from typing import Any

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication

from sminference.config import Settings
from sminference.logs import logging_config
from sminference.serve import gunicorn_options, limits
from sminference.worker import configured

app = Flask(__name__)


@app.get("/ping")
def ping() -> Response:
    return Response(b"")


@app.post("/invocations")
def invocations() -> Response:
    return Response(request.get_data(), content_type="application/json")


class Echo(BaseApplication):  # type: ignore[misc]
    """gunicorn with the same settings as the container."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return app


def main(kind: str, port: int, workers: int) -> None:
    logging.config.dictConfig(logging_config())
    settings = Settings(host="127.0.0.1", port=port, workers=workers)
    worker = "gthread" if kind == "gthread" else configured(limits(settings))
    Echo({**gunicorn_options(settings), "worker_class": worker, "keepalive": 75}).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

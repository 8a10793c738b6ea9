"""A container that answers with what it was sent, and does what a request's CustomAttributes tell it to.

`status=500`, `sleep=0.2`, `wait=/a/file` and `exit=1` in CustomAttributes make it fail, dawdle, answer once there is
such a file, or die; `environment` and `files` show what it was given. ECHO_STATUS is the status it answers with
otherwise; with ECHO_HEALTHY_ONCE it is healthy once there is that file. With SAGEMAKER_MULTI_MODEL it keeps models in
name only. With `--pass-on` it answers with just what it was sent, as of the same type: a step of a pipeline that
changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

PREFIX = "X-Amzn-SageMaker-"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True
    healthy = True
    passes_on = False
    models: dict[str, str] = {}  # noqa: RUF012 - one container, one process

    def do_GET(self) -> None:
        if self.path == "/ping":
            is_time = Path(os.environ.get("ECHO_HEALTHY_ONCE", "/")).exists()
            self._answer(200 if self.healthy and is_time else 404, b"")
        elif self.path.startswith("/models"):
            listed = [{"modelName": name, "modelUrl": url} for name, url in self.models.items()]
            self._answer(200, json.dumps({"models": listed}).encode())
        else:
            self._answer(404, b"no such path")

    def do_DELETE(self) -> None:
        known = self.models.pop(self.path.rsplit("/", 1)[-1], None)
        self._answer(404 if known is None else 200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/models":
            wanted = json.loads(body)
            known = wanted["model_name"] in self.models
            self.models[wanted["model_name"]] = wanted["url"]
            self._answer(409 if known else 200, b"")
        elif self.path == "/invocations":
            self._invoke(body, None)
        else:
            name = self.path.split("/")[2]
            if name in self.models:
                self._invoke(body, self.models[name])
            else:
                self._answer(404, f"model {name} is not loaded".encode())

    def _invoke(self, body: bytes, model: str | None) -> None:
        attributes = self.headers.get(f"{PREFIX}Custom-Attributes", "")
        told = dict(part.split("=", 1) for part in attributes.split(",") if "=" in part)
        time.sleep(float(told.get("sleep", 0)))
        while "wait" in told and not Path(told["wait"]).exists():
            time.sleep(0.02)
        if "exit" in told:
            print("told to exit", flush=True)
            os._exit(int(told["exit"]))
        print(f"invoked with {len(body)} bytes", flush=True)
        if attributes == "raw" or self.passes_on:
            kind = self.headers.get("Content-Type") if self.passes_on else None
            self._answer(200, body, attributes if self.passes_on else "", kind)
            return
        answer: dict[str, Any] = {
            "body": body.decode(errors="replace"),
            "container": os.environ.get("ECHO_NAME", ""),
            "content_type": self.headers.get("Content-Type"),
            "accept": self.headers.get("Accept"),
            "target_model": self.headers.get(f"{PREFIX}Target-Model"),
            "explanations": self.headers.get(f"{PREFIX}Enable-Explanations"),
            "model": model,
            "pid": os.getpid(),
        }
        if attributes == "environment":
            answer["environment"] = dict(os.environ)
        if attributes == "files":
            root = Path(os.environ["SM_MODEL_DIR"])
            answer["files"] = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        self._answer(
            int(told.get("status", os.environ.get("ECHO_STATUS", "200"))), json.dumps(answer).encode(), attributes
        )

    def _answer(self, status: int, body: bytes, attributes: str = "", kind: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        if attributes:
            self.send_header(f"{PREFIX}Custom-Attributes", attributes)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Only what a test looks for is printed."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # without the look-up of the host's name, which takes as long as DNS likes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--never-healthy", action="store_true")
    parser.add_argument("--pass-on", action="store_true")
    parser.add_argument("--start-seconds", type=float, default=0.0)
    options = parser.parse_args()
    print("starting", flush=True)
    if options.never_healthy:
        print("ModelLoadError: the model can't be loaded", file=sys.stderr, flush=True)
    time.sleep(options.start_seconds)
    Handler.healthy, Handler.passes_on = not options.never_healthy, options.pass_on
    server = Server(("127.0.0.1", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()

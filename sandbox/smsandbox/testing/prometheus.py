"""Prometheus and promtool for the tests of what the operator is watched by: found on the PATH, else installed.

`python -m smsandbox.testing.prometheus` installs them where they are missing, by apt as root on Debian; elsewhere it
says how to get them.
"""

import contextlib
import json
import shutil
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from smsandbox import ports, probe
from smsandbox.process import inherited, spawn, tail, wait_until
from smsandbox.testing import debian

PROGRAMS = ("prometheus", "promtool")
_HELP = "install Prometheus (Debian: `apt-get install prometheus`; macOS: `brew install prometheus`), 2.42 or later"


class NoPrometheusError(Exception):
    """A program is not here; says how to get it."""


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`.

    Raises:
        NoPrometheusError: it is not here.
    """
    path = shutil.which(name)
    if path is None:
        raise NoPrometheusError(f"{name} is not on the PATH: {_HELP}")
    return path


def install() -> None:
    """Install both, unless they are here.

    Raises:
        NoPrometheusError: this machine has no apt, or this is not root.
        subprocess.CalledProcessError: apt failed; it said why.
    """
    if all(shutil.which(name) for name in PROGRAMS):
        return
    if not debian.can_install():
        raise NoPrometheusError(_HELP)
    debian.install("prometheus")


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The result of an instant query.

        Raises:
            AssertionError: Prometheus does not take it; says why.
        """
        answer = probe.answer(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
        found = json.loads(answer or b"{}")
        if found.get("status") != "success":
            raise AssertionError(f"{query}: {found.get('error', 'no answer')}")
        result: list[dict[str, Any]] = found["data"]["result"]
        return result


@contextlib.contextmanager
def scraping(target: str, folder: Path, rules: Path | None = None) -> Iterator[Prometheus]:
    """A Prometheus on loopback that scrapes host:port of `target` each second, for the block. `folder` is its own.

    Raises:
        NoPrometheusError: it is not here.
    """
    port = ports.free(1)[0]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": "smendpoints", "static_configs": [{"targets": [target]}]}],
        "rule_files": [str(rules)] if rules is not None else [],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = folder / "prometheus.log"
    child = spawn(command, log=log, env=inherited())
    made = Prometheus(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: probe.answer(f"{made.url}/-/ready"), 60, lambda: f"Prometheus is not ready:\n{tail(log)}")
        yield made
    finally:
        child.terminate()
        child.wait(30)


if __name__ == "__main__":
    install()
    print(f"Prometheus is {program('prometheus')}")

"""What the steps of the story share: the world, the terminal, and how commands are shown, run and checked."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smsandbox import assets, probe
from smsandbox.demo.terminal import Terminal
from smsandbox.demo.traffic import Traffic
from smsandbox.world import World

NAME = "iris"
ENDPOINT = f"default-{NAME}"
VARIANT = "primary"
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3.0, 4.2, 1.5]]


class StoryError(Exception):
    """A step did not do what it should; the message says what was seen instead."""


@dataclass
class Story:
    """The state of one run: what earlier steps made for later ones."""

    world: World
    terminal: Terminal
    model: str = ""
    invocations: int = 0
    background: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """What goes on over several steps; closed at the end, if no step does it before."""

    @property
    def folder(self) -> Path:
        return self.world.folder

    def run(self, *command: str) -> str:
        """Show a command, run it as the user would in the demo's folder, and return what it printed.

        Raises:
            assets.CommandError: it failed.
        """
        self.terminal.command(command)
        return self.quietly(*command)

    def quietly(self, *command: str) -> str:
        return assets.run(list(command), self.world.client_environment(), cwd=self.folder)

    def show(self, *command: str) -> str:
        """`run`, with the output shown."""
        output = self.run(*command)
        self.terminal.output(output)
        return output

    def object(self, kind: str, name: str) -> dict[str, Any]:
        """An object as the API server has it now."""
        found: dict[str, Any] = json.loads(self.quietly("kubectl", "get", kind, name, "--output=json"))
        return found

    def endpoint(self, name: str = NAME) -> dict[str, Any]:
        """The SageMakerEndpoint as the API server has it now."""
        return self.object("smendpoint", name)

    def watch(
        self,
        done: Callable[[dict[str, Any]], bool],
        seconds: float,
        goal: str,
        *,
        kind: str = "smendpoint",
        name: str = NAME,
    ) -> dict[str, Any]:
        """Show `kubectl get --watch` until `done`; the object then.

        Raises:
            StoryError: `seconds` passed without it.
        """
        command = ["kubectl", "get", kind, name, "--watch"]
        self.terminal.command(command)
        program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
        with subprocess.Popen(
            program, stdout=subprocess.PIPE, env=self.world.client_environment(), text=True
        ) as watching:
            printer = threading.Thread(target=self._print_lines, args=(watching,), daemon=True)
            printer.start()
            try:
                return self.until(done, seconds, goal, kind=kind, name=name)
            finally:
                time.sleep(0.3)  # the last line is on its way; nothing depends on it
                watching.terminate()
                printer.join(5)

    def _print_lines(self, watching: "subprocess.Popen[str]") -> None:
        last = None
        for line in watching.stdout or ():
            shown = line.split()[:-1]  # without the age
            if shown != last:
                self.terminal.output(line)
            last = shown

    def until(
        self,
        done: Callable[[dict[str, Any]], bool],
        seconds: float,
        goal: str,
        *,
        kind: str = "smendpoint",
        name: str = NAME,
    ) -> dict[str, Any]:
        """Look at the object twice a second until `done`; the object then."""
        deadline = time.monotonic() + seconds
        while not done(found := self.object(kind, name)):
            if time.monotonic() > deadline:
                status = json.dumps(found.get("status"), indent=2)
                raise StoryError(f"{goal}: not after {seconds:g} s; the object's status:\n{status}")
            time.sleep(0.5)
        return found

    def aws_calls(self) -> Counter[tuple[str, str]]:
        """How often each operation has been called, by its result (OK or the error's code)."""
        tree = json.loads(probe.answer(f"{self.world.aws_url}/_sandbox/calls", token=self.world.token) or b"{}").get(
            "calls", {}
        )
        return Counter(
            {
                (operation, code): number
                for operations in tree.values()
                for operation, codes in operations.items()
                for code, number in codes.items()
            }
        )

    def traffic(self, rate: float) -> Traffic:
        """Invocations of the endpoint with the three rows, `rate` a second."""
        return Traffic(self.world, ENDPOINT, json.dumps({"instances": ROWS}), rate)


def ready(found: dict[str, Any]) -> bool:
    """Whether the object says Ready of the spec it has now."""
    status = found.get("status", {})
    if status.get("observedGeneration") != found["metadata"]["generation"]:
        return False
    return any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))


def config_name(found: dict[str, Any]) -> str:
    """The endpoint config that serves."""
    return str(found["status"]["endpoint"]["configName"])


def instances(found: dict[str, Any]) -> int:
    """Instances that serve now, over all variants."""
    return sum(variant["currentInstances"] for variant in found["status"]["variants"])

"""What docs/recordings show, against what the verbs print today: the story of the recordings, told in virtual time.

`make recordings` takes minutes of real time, as an experiment counts real ones; here each command of its story that needs
no container is typed again, and its output compared line by line. Measured figures are compared as figures, whatever
they are. What a container answers is left to the guides (`invoke`) and to the tests of `logs`, `answers` and `outcomes`.
"""

import io
import re
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from smclient.cli.main import VERBS
from smendpoints.api.group import EXPERIMENT_PLURAL, PLURAL
from smendpoints.api.spec import SageMakerEndpointSpec
from smsandbox import assets, paths
from smsandbox.recordings.scene import BOOSTING, FOREST, NAMESPACE
from smsandbox.recordings.script import AB, ARMS, CANARY, ERRORS, is_baking, spec, variant
from smsandbox.terminal import COLUMNS, shown
from smsandbox.testing.api_server import ApiServer, merged
from smsandbox.testing.by_script import config_by_script
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import Asked, JsonServer
from smsandbox.testing.samples import furnish
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.transcript import differences
from smsandbox.world import ACCOUNT, REGION

RECORDINGS = paths.repository() / "docs" / "recordings"
ELSEWHERE = {"invoke", "logs", "answers", "outcomes", "console", "completion"}
GROUP = f"/apis/smendpoints.dev/v1alpha1/namespaces/{NAMESPACE}"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/smendpoints-system/leases/smendpoints"
_ELSEWHERE_SO = (
    (r"\n {10,}(?=\S)", " "),  # a cell in several lines: where it breaks depends on the widths of the others
    (r"https?://127\.0\.0\.1:\d+", "HOST"),
    (r"this-machine_\w+", "LEADER"),
    (r"[▁▂▃▄▅▆▇█░]+", "BAR"),
    (r"\(\d+\.\d kB\)", "(SIZE)"),
    (r"; the container's log ends: .*", ""),  # there is no container
    (r"Unable to find appropriate backend for .*\n", ""),  # moto prints that, elsewhere into its own log
)
_MEASURED = (
    (r"-?\b\d[\d,.]*\b(?!-)|(?<= )-(?= |$)", "N"),
    (r"  +idle\b", ""),
    (r"\[N(, N)*\] were", "[N] was"),
    (r" (ms|BAR)\b", ""),
)


def recorded(verb: str) -> list[tuple[str, str]]:
    """The commands of a recording and their outputs."""
    text = (RECORDINGS / f"{verb}.txt").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^\$ ", text)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


class Story:
    """The objects of the recordings, and whoever types their commands."""

    def __init__(self, harness: Harness, server: JsonServer, smendpoint: Any, work: Path) -> None:
        self.harness, self.work = harness, work
        self.typed: list[str] = []
        self.differences: list[str] = []
        self._server, self._smendpoint = server, smendpoint
        self._events: list[dict[str, Any]] = []
        harness.labels[NAMESPACE] = {}
        harness.api.post = self._post  # type: ignore[method-assign]
        server.answers["GET", f"{GROUP}/{PLURAL}"] = lambda _: _listed(harness.api)
        server.answers["GET", f"{GROUP}/{EXPERIMENT_PLURAL}"] = lambda _: _listed(harness.experiments)
        server.answers["GET", f"/api/v1/namespaces/{NAMESPACE}/events"] = self._events_of
        server.answers["GET", "/api/v1/namespaces/kube-system"] = {"metadata": {"uid": "the-cluster"}}
        server.answers["POST", REVIEWS] = {"status": {"allowed": True}}
        server.answers["GET", LEASE] = {
            "spec": {"holderIdentity": "this-machine_115a7dc7", "renewTime": "2999-01-01T00:00:00Z"}
        }

    def apply(self, name: str, wanted: dict[str, Any]) -> None:
        """Create or change an endpoint."""
        self.harness.apply(f"{NAMESPACE}/{name}", wanted)
        self._serve(PLURAL, name, self.harness.api)

    def experiment(self, name: str, wanted: dict[str, Any]) -> None:
        """Begin one."""
        self.harness.experiments.apply(f"{NAMESPACE}/{name}", wanted)
        self._serve(EXPERIMENT_PLURAL, name, self.harness.experiments)

    def settle(self, name: str) -> None:
        """Until it is ready or stalled."""
        self.harness.settle(f"{NAMESPACE}/{name}")

    def until(self, name: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Until it holds of an endpoint's object."""
        for _ in range(2000):
            if holds(self.harness.objects[f"{NAMESPACE}/{name}"].body):
                return
            self.harness.run(5)
        raise AssertionError("it does not come to hold")

    def asked(self, name: str, per_minute: float, errors: dict[str, float]) -> None:
        """Traffic from now on, and the share of errors by variant."""
        Traffic(
            self.harness.world, f"{NAMESPACE}-{name}", per_minute,
            lambda instance: Behaviour(errors=errors.get(instance.variant, 0.0)), account=ACCOUNT, region=REGION,
        )  # fmt: skip

    def types(self, verb: str, *, measured: bool = False, read: Callable[[str], str] = str) -> None:
        """The next command that was recorded of a verb; what it prints is compared.

        `measured`: figures are any. `read`: what of an output is compared.
        """
        command, output = recorded(verb)[self.typed.count(verb)]
        self.typed.append(verb)
        plain, _, cut = command.partition(" | cut -c 1-")
        ran = self._smendpoint(*shlex.split(plain)[2:])
        seen = shown(ran.out.replace(socket.gethostname(), "this-machine"))
        if cut:
            seen = "\n".join(line[: int(cut)] for line in seen.splitlines())
        told, found = (_masked(read(each), measured=measured) for each in (output, seen))
        if different := differences(told, found):
            self.differences.append(f"$ {command}\n{different}")

    def ends(self) -> None:
        """Nothing that was typed printed anything else than was recorded."""
        if self.differences:
            pytest.fail("\n\n".join(self.differences), pytrace=False)

    def _serve(self, plural: str, name: str, objects: ApiServer) -> None:
        path, key = f"{GROUP}/{plural}/{name}", f"{NAMESPACE}/{name}"

        def patch(request: Asked) -> dict[str, Any]:
            before = objects.objects[key].body
            after = merged(before, request.body)
            moves = after["spec"] != before["spec"]
            return objects.put(
                key,
                {**after, "metadata": {**after["metadata"], "generation": before["metadata"]["generation"] + moves}},
            )

        self._server.answers["GET", path] = lambda _: objects.objects[key].body
        self._server.answers["PATCH", path] = patch

    def _post(self, body: Any, event: Any) -> None:
        about = {"uid": body["metadata"]["uid"], "name": body["metadata"]["name"], "namespace": NAMESPACE}
        kind, when = "Warning" if event.warning else "Normal", self.harness.api.now()
        told = {"reason": event.reason, "message": event.message, "type": kind, "lastTimestamp": when}
        self._events.append({"metadata": {"creationTimestamp": when}, "involvedObject": about, **told})

    def _events_of(self, request: Asked) -> dict[str, Any]:
        uid = request.query["fieldSelector"].partition("uid=")[2]
        return {"items": [each for each in self._events if each["involvedObject"]["uid"] == uid], "metadata": {}}


def _listed(objects: ApiServer) -> dict[str, Any]:
    bodies = [each.body for _, each in sorted(objects.objects.items())]
    return {"items": bodies, "metadata": {"resourceVersion": "1"}}


def _masked(text: str, *, measured: bool) -> str:
    for pattern, stands in (*_ELSEWHERE_SO, *(_MEASURED if measured else ())):
        text = re.sub(pattern, stands, text, flags=re.MULTILINE)
    return text


def with_defaults(manifest: str) -> str:
    """As the API server keeps it: with the defaults of the kind, which nobody has filled in here, in one order."""
    found = yaml.safe_load(manifest)
    filled = SageMakerEndpointSpec.model_validate(found["spec"]).model_dump(mode="json", by_alias=True)
    return str(yaml.safe_dump({**found, "spec": filled}))


@pytest.fixture
def story(
    harness: Harness,
    server: JsonServer,
    smendpoint: Any,
    aws_environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Story:
    """The story, on a terminal as the recordings' was: as wide, without colours, where nobody types."""
    for name, value in {**aws_environment, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def on_a_terminal(*arguments: str) -> Any:
        with monkeypatch.context() as both:
            both.setattr(sys.stdout, "isatty", lambda: True)
            both.setattr(sys, "stderr", sys.stdout)
            both.setattr(sys, "stdin", io.StringIO())
            return smendpoint(*arguments)

    return Story(harness, server, on_a_terminal, tmp_path)


def test_the_recordings_show_what_is_printed_today(story: Story) -> None:
    forest, boosting = (spec(variant("primary", each, 2), rollout=CANARY, monitoring={}) for each in (FOREST, BOOSTING))
    for each in (forest, boosting):
        furnish(each, story.harness.client)
    story.apply("iris-ab", spec(variant("forest", FOREST), variant("boosting", BOOSTING)))
    story.settle("iris-ab")
    story.apply("iris", forest)
    story.settle("iris")
    story.types("wait")
    story.types("status")
    story.asked("iris", 180, {})
    story.apply("iris", boosting)
    story.until("iris", is_baking)
    story.types("status")
    story.types("abort")
    story.until("iris", lambda found: found["status"]["history"][0]["outcome"] in {"Failed", "RolledBack"})
    story.types("retry")
    story.harness.run(30)
    story.settle("iris")
    story.types("history")
    story.types("diff")
    story.apply("iris", {key: value for key, value in boosting.items() if key != "rollout"})
    story.types("undo")
    story.settle("iris")
    story.types("redeploy")
    story.harness.run(30)
    story.settle("iris")
    story.types("events")
    story.types("metrics", measured=True)
    story.types("export", read=with_defaults)
    story.types("doctor")
    story.types("suspend")
    story.types("resume")
    story.types("stop")
    story.until("iris", lambda found: found["status"]["endpoint"]["status"] == "Stopped")
    story.types("start")
    story.settle("iris")
    story.types("cost", measured=True)
    story.apply("fraud", spec(variant("primary", FOREST, image=assets.IMAGE.replace(":1.0", ":9.9"))))
    story.settle("fraud")
    story.types("wait")
    story.types("doctor")
    story.ends()


def test_the_recordings_of_what_is_shipped_show_what_is_printed_today(story: Story) -> None:
    wanted = spec(variant("primary", FOREST))
    furnish(wanted, story.harness.client)
    sagemaker = story.harness.client("sagemaker")
    config_by_script(sagemaker, "churn-prod", FOREST, image=assets.IMAGE, variant="main")
    sagemaker.create_endpoint(EndpointName="churn-prod", EndpointConfigName="churn-prod")
    story.harness.run(1800)
    (story.work / "model.tar.gz").write_bytes(b"a model")
    story.types("import")
    story.types("upload")
    story.types("push")
    story.types("bootstrap")
    story.ends()


def test_the_recordings_of_an_experiment_show_what_is_printed_today(story: Story) -> None:
    wanted = spec(variant("forest", FOREST), variant("boosting", BOOSTING))
    furnish(wanted, story.harness.client)
    story.apply("iris-ab", wanted)
    story.settle("iris-ab")
    story.asked("iris-ab", 1200, {"forest": 0.1})
    story.experiment(
        AB, {**ARMS, "metrics": {"primary": ERRORS}, "targetRequests": 2000, "duration": {"minMinutes": 3}}
    )
    story.harness.run(1200)
    story.types("experiments", measured=True)
    story.types("experiment", measured=True)
    story.types("promote")
    story.types("promote")
    story.ends()


def test_each_verb_is_recorded_and_compared_above_or_elsewhere() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.txt")} == set(VERBS)
    above = set(re.findall(r'story\.types\("(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    assert above | ELSEWHERE == set(VERBS)
    assert not above & ELSEWHERE

"""Requests to the API server: those of threads, and kopf's own with the fence before them."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import kopf
import pytest

from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.events import Event
from smendpoints.kube import client as kube
from smendpoints.kube import cluster
from smendpoints.kube.client import KubeClient, RefusedError, UnreachableError
from smendpoints.kube.cluster import Login, cluster_uid
from smendpoints.kube.gate import Gate
from smendpoints.kube.objectapi import KubeObjects
from smendpoints.lease.leases import ApiLeases, StaleError
from smendpoints.process import standing

CONTEXT = """
apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "%s"%s}}]
users: [{name: u, user: {%s}}]
"""
SERVER = "https://127.0.0.1:1"


class Api(BaseHTTPRequestHandler):
    """Notes what it is asked, and answers what is next."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, dict[str, str], Any]]
    answers: list[tuple[int, Any]]
    clients: set[Any]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
        self.clients.add(self.client_address)
        status, content = self.answers.pop(0) if self.answers else (200, {})
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_PUT = do_POST = do_PATCH = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def api() -> Iterator[Any]:
    handler: Any = type("Noting", (Api,), {"asked": [], "answers": [], "clients": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()


def info(api: Any, token: str = "secret") -> kopf.ConnectionInfo:  # noqa: S107
    return kopf.ConnectionInfo(server=api.url, token=token, default_namespace="system")


def client(api: Any, seconds: float = 30.0) -> KubeClient:
    return KubeClient(lambda: info(api), seconds=seconds, user_agent="smendpoints/a")


def test_it_says_who_asks_and_keeps_the_connection(api: Any) -> None:
    made = client(api)
    made.request("GET", "/one")
    made.request("PUT", "/two", {"spec": 1})
    (_, _, headers, _), (method, path, _, body) = api.asked
    assert (headers["Authorization"], headers["User-Agent"]) == ("Bearer secret", "smendpoints/a")
    assert (method, path, body) == ("PUT", "/two", {"spec": 1})
    assert len(api.clients) == 1
    assert made.namespace() == "system"


def test_a_token_that_was_replaced_is_read_again(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = ["old"]
    made = KubeClient(lambda: info(api, tokens[-1]), seconds=30, user_agent="x")
    made.request("GET", "/")
    tokens.append("new")
    made.request("GET", "/")
    monkeypatch.setattr(kube, "_LOGIN_SECONDS", 0.0)
    made.request("GET", "/")
    assert [headers["Authorization"] for _, _, headers, _ in api.asked] == ["Bearer old", "Bearer old", "Bearer new"]
    assert len(api.clients) == 1


def test_a_token_that_is_refused_is_read_again_at_once(api: Any) -> None:
    tokens = ["old"]
    made = KubeClient(lambda: info(api, tokens[-1]), seconds=30, user_agent="x")
    api.answers = [(401, {"message": "Unauthorized"})]
    with pytest.raises(RefusedError, match="401 Unauthorized"):
        made.request("GET", "/")
    tokens.append("new")
    made.request("GET", "/")
    assert api.asked[-1][2]["Authorization"] == "Bearer new"


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    silent = ThreadingHTTPServer(("127.0.0.1", 0), Api)  # takes connections and serves none
    try:
        made = KubeClient(
            lambda: kopf.ConnectionInfo(server=f"http://127.0.0.1:{silent.server_port}"), seconds=0.2, user_agent="x"
        )
        with pytest.raises(UnreachableError, match="GET /"):
            made.request("GET", "/")
    finally:
        silent.server_close()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff"])
def test_an_answer_that_is_no_object_is_none(api: Any, body: bytes) -> None:
    api.answers = [(200, body)]
    with pytest.raises(UnreachableError):
        client(api).request("GET", "/")


def test_without_a_cluster_it_says_what_to_set() -> None:
    with pytest.raises(RuntimeError, match="KUBECONFIG"):
        KubeClient(lambda: None, seconds=1, user_agent="x").request("GET", "/")


def test_the_identity_of_the_cluster_says_what_to_set_where_it_is_refused(api: Any) -> None:
    api.answers = [(200, {"metadata": {"uid": "u-1"}}), (403, {"message": "forbidden"})]
    assert cluster_uid(client(api)) == "u-1"
    with pytest.raises(RuntimeError, match="SMENDPOINTS_CLUSTER_ID"):
        cluster_uid(client(api))


def test_a_lease_is_written_only_as_it_was_read(api: Any) -> None:
    leases = ApiLeases(client(api), "system", "smendpoints")
    lease = {"metadata": {"name": "smendpoints", "resourceVersion": "7"}, "spec": {"holderIdentity": "a"}}
    api.answers = [(200, lease), (409, {"message": "modified"}), (404, {}), (404, {}), (409, {"message": "exists"})]
    record = leases.get()
    assert record is not None
    assert record.holder == "a"
    with pytest.raises(StaleError):
        leases.update(record, {"holderIdentity": "b"})
    sent = api.asked[-1][3]
    assert (sent["metadata"]["resourceVersion"], sent["spec"]) == ("7", {"holderIdentity": "b"})
    with pytest.raises(StaleError):
        leases.update(record, {})
    assert leases.get() is None
    with pytest.raises(StaleError):
        leases.create({})


# kopf's


class EndedError(Exception):
    """The process was ended."""


class Fence:
    """Lets so many writes through."""

    def __init__(self) -> None:
        self.lets_through = 1000
        self.asked: list[str] = []

    def __call__(self, what: str) -> None:
        self.asked.append(what)
        self.lets_through -= 1
        if self.lets_through < 0:
            raise EndedError


@pytest.fixture
def fence(api: Any, monkeypatch: pytest.MonkeyPatch) -> Fence:
    """What writes ask."""
    monkeypatch.setattr(cluster, "credentials", lambda _: info(api))
    return Fence()


def test_kopf_sends_the_token_as_the_file_has_it_now(api: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(CONTEXT % (api.url, "", "token: old"))
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setattr(cluster, "_TOKEN_SECONDS", 0.0)

    async def life() -> None:
        found = await Login().log_in(settings=kopf.OperatorSettings())
        assert found is not None
        async with found.aiohttp_session as session:
            for change in ("old", "new", None):
                file.write_text(CONTEXT % (api.url, "", f"token: {change}")) if change is not None else file.unlink()
                async with session.get(f"{found.server}/"):
                    pass

    asyncio.run(life())
    assert [each[2]["Authorization"] for each in api.asked] == ["Bearer old", "Bearer new", "Bearer new"]


def test_each_listing_that_kopf_begins_is_told(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "credentials", lambda _: info(api))
    told: list[str] = []

    async def life() -> None:
        found = await Login(told.append).log_in(settings=kopf.OperatorSettings())
        assert found is not None
        async with found.aiohttp_session as session:
            for query in ("?limit=500", "?watch=true&resourceVersion=7", ""):
                async with session.get(f"{found.server}/apis/things{query}"):
                    pass
            async with session.patch(f"{found.server}/apis/things"):
                pass

    asyncio.run(life())
    assert told == ["/apis/things", "/apis/things"]


BODY = {
    "metadata": {"name": "iris", "namespace": "team", "uid": "u-1", "resourceVersion": "7", "finalizers": []},
    "spec": {},
}
PATH = "/apis/smendpoints.dev/v1alpha1/namespaces/team/sagemakerendpoints/iris"


def test_an_object_is_written_by_merge_patches_under_the_operators_name(api: Any, fence: Fence) -> None:
    api.answers += [(200, {"metadata": {"resourceVersion": "8"}}), (200, {"metadata": {"resourceVersion": "9"}})]
    objects = KubeObjects(client(api), Gate(), fence)
    assert objects.patch(BODY, {"metadata": {"finalizers": ["x"]}})["metadata"]["resourceVersion"] == "8"
    assert objects.patch_status(BODY, {"instances": "1/1"})["metadata"]["resourceVersion"] == "9"
    assert [(method, path, content) for method, path, _, content in api.asked] == [
        ("PATCH", f"{PATH}?fieldManager=smendpoints", {"metadata": {"finalizers": ["x"]}}),
        ("PATCH", f"{PATH}/status?fieldManager=smendpoints", {"status": {"instances": "1/1"}}),
    ]
    assert {headers["Content-Type"] for _, _, headers, _ in api.asked} == {"application/merge-patch+json"}


def test_an_event_speaks_of_the_object(api: Any, fence: Fence) -> None:
    KubeObjects(client(api), Gate(), fence).post(
        BODY, Event(warning=True, reason=Reason.UPDATE_FAILED, message="x" * 5000)
    )
    ((method, path, _, event),) = api.asked
    assert (method, path) == ("POST", "/api/v1/namespaces/team/events?fieldManager=smendpoints")
    assert event["involvedObject"] == {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerEndpoint",
        "namespace": "team",
        "name": "iris",
        "uid": "u-1",
        "resourceVersion": "7",
    }
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "UpdateFailed", "x" * 1024)
    assert event["action"] == "RollOut"
    assert event["reportingComponent"] == event["source"]["component"] == "smendpoints"


def test_an_event_that_is_refused_is_only_logged(api: Any, fence: Fence, caplog: pytest.LogCaptureFixture) -> None:
    api.answers.append((403, {"message": "events are forbidden"}))
    KubeObjects(client(api), Gate(), fence).post(
        BODY, Event(warning=False, reason=Reason.IN_SERVICE, message="in service")
    )
    assert "an Event is lost (403 events are forbidden): in service" in caplog.text


def test_every_write_asks_the_fence_first(api: Any, fence: Fence) -> None:
    objects = KubeObjects(client(api), Gate(), fence)
    event = Event(warning=False, reason=Reason.IN_SERVICE, message="in service")
    objects.patch(BODY, {})
    objects.patch_status(BODY, {})
    objects.post(BODY, event)
    asked = [f"PATCH {PATH}", f"PATCH {PATH}/status", "POST /api/v1/namespaces/team/events"]
    assert fence.asked == asked
    fence.lets_through = 0
    writes: list[Callable[[], object]] = [
        lambda: objects.patch(BODY, {}),
        lambda: objects.patch_status(BODY, {}),
        lambda: objects.post(BODY, event),
    ]
    for write in writes:
        with pytest.raises(EndedError):
            write()
    assert len(api.asked) == 3


UNUSABLE = {
    "not there": (None, "No such file or directory"),
    "cut": ("contexts: [token-of-mine", "it is not YAML: expected ',' or ']', but got '<stream end>', in line 1"),
    "empty": ("", "Current context is not set in kubeconfigs."),
    "text": ("hello", "it does not have the form of a kubeconfig"),
    "a context that is not there": ("current-context: x", "'x' is named or needed, and is not there"),
    "a server that is no URL": (CONTEXT % ("here", "", ""), "expected the URL of a server for its cluster, got 'here'"),
    "a certificate that is none": (
        CONTEXT % (SERVER, ', certificate-authority-data: "a"', ""),
        f"a certificate or key for {SERVER} can't be read",
    ),
    "a plugin, as of EKS": (
        CONTEXT % (SERVER, "", "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1beta1}"),
        "its user logs in by exec (aws), which the operator does not do; write the token of a service account",
    ),
    "a token in a file": (CONTEXT % (SERVER, "", "tokenFile: /run/token"), "its user logs in by tokenFile, which the"),
    "a key that is not there": (
        CONTEXT % (SERVER, "", "client-certificate: /nowhere, client-key: /nowhere"),
        f"a certificate or key for {SERVER} can't be read: [Errno 2] No such file",
    ),
}


@pytest.mark.parametrize(("content", "problem"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_kubeconfig_that_cannot_be_used_is_a_sentence(
    content: str | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "config").write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with pytest.raises(RuntimeError, match=r"^cannot log in to Kubernetes: ") as refused:
        standing.client_for("x", 1.0).namespace()
    assert problem in str(refused.value)
    assert "token-of-mine" not in str(refused.value)


def test_a_kubeconfig_that_is_being_replaced_leaves_the_login_as_it_was(
    api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_text(CONTEXT % (api.url, "", "token: secret"))
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setattr(kube, "_LOGIN_SECONDS", 0)
    client = standing.client_for("x", 30.0)
    client.request("GET", "/")
    for broken in ("", "contexts: [", CONTEXT % (api.url, ', certificate-authority-data: "a"', "")):
        path.write_text(broken)
        client.request("GET", "/")
    assert {headers["Authorization"] for _, _, headers, _ in api.asked} == {"Bearer secret"}
    assert len(api.asked) == 4

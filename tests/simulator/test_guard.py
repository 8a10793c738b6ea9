"""Pages in a browser get nothing from the simulator: what they would send is sent here, over real HTTP."""

import http.client
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from smsandbox import secret
from smsandbox.aws.fleet.environment import kept_back, notes, passed
from smsandbox.testing.live import Live, until

JSON = {"Content-Type": "application/x-amz-json-1.1"}


def signed(service: str) -> dict[str, str]:
    """By anybody: the simulator does not check signatures."""
    scope = f"x/20260101/us-east-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


CBOR = "/service/GraniteServiceVersion20100801/operation"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Ask:
    """One request; `Host` is the simulator's own unless `headers` say otherwise."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def send(url: str, ask: Ask, **more: str) -> Answer:
    """The answer; headers given twice by `more` replace those of `ask`, with `_` for `-`."""
    place = urlparse(url).netloc
    headers = {"Host": place, **ask.headers, **{name.replace("_", "-"): value for name, value in more.items()}}
    connection = http.client.HTTPConnection(place, timeout=120)
    connection.putrequest(ask.method, ask.path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        for one in value.split("\n"):
            connection.putheader(name, one)
    connection.putheader("Content-Length", str(len(ask.body)))
    connection.endheaders(ask.body)
    got = connection.getresponse()
    answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
    connection.close()
    return answer


def call(operation: str, **params: Any) -> Ask:
    """An unsigned call of SageMaker's API."""
    return Ask("POST", "/", {**JSON, "X-Amz-Target": f"SageMaker.{operation}"}, json.dumps(params).encode())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# One of each way in: every protocol, reads and writes, the simulator's own and moto's, and what is answered to nobody.
KINDS = {
    "json": call("ListModels"),
    "query": Ask("POST", "/", FORM, b"Action=CreateUser&Version=2010-05-08&UserName=eve"),
    "query in the URL": Ask("GET", "/?Action=CreateUser&Version=2010-05-08&UserName=eve"),
    "S3 read": Ask("GET", "/models/iris/model.tar.gz", signed("s3")),
    "S3 write": Ask("PUT", "/models/eve", {"Content-Type": "text/plain"}, b"eve"),
    "invocation": Ask("POST", "/endpoints/ep/invocations", signed("sagemaker"), b"1"),
    "cbor": Ask(
        "POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics", {"smithy-protocol": "rpc-v2-cbor"}
    ),
    "metadata": Ask("GET", "/latest/meta-data/iam/security-credentials/"),
    "health": Ask("GET", "/_sandbox/health"),
    "settings": Ask("PATCH", "/_sandbox/settings", bearer("t0ken"), b"{}"),
    "calls": Ask("GET", "/_sandbox/calls", bearer("t0ken")),
    "moto": Ask("GET", "/moto-api/data.json", bearer("t0ken")),
    "preflight": Ask("OPTIONS", "/models/eve", {"Access-Control-Request-Method": "PUT"}),
}
PAGES = {
    "another site": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "a page of the simulator's own": {"Origin": "http://127.0.0.1"},
    "a read without an Origin": {"Sec-Fetch-Site": "cross-site"},
    "another local port": {"Sec-Fetch-Site": "same-site"},
    "an older browser": {"Referer": "https://evil.example/"},
    "a rebound name": {"Host": "evil.example"},
    "a rebound name with a port": {"Host": "evil.example:80"},
    "a name like ours": {"Host": "127.0.0.1.evil.example"},
    "a name like localhost": {"Host": "localhost.evil.example"},
    "a name like AWS's": {"Host": "evilamazonaws.com"},
    "AWS's name within": {"Host": "amazonaws.com.evil.example"},
    "two Hosts": {"Host": "127.0.0.1\nevil.example"},
    "a user before the Host": {"Host": "127.0.0.1@evil.example"},
    "no Host": {"Host": ""},
}


@pytest.fixture
def url(served: Any, cloud: Any) -> str:
    del cloud
    return str(served[0])


def lets_pages_read(answer: Answer) -> bool:
    return any(name.startswith("access-control") for name in answer.headers)


def test_pages_are_refused_whatever_they_ask_for(url: str, cloud: Any) -> None:
    for kind, ask in KINDS.items():
        for page, headers in PAGES.items():
            answer = send(url, Ask(ask.method, ask.path, {**ask.headers, **headers}, ask.body))
            assert (answer.status, lets_pages_read(answer)) == (403, False), (kind, page)
    assert cloud.client("iam").list_users()["Users"] == []
    assert [one["Key"] for one in cloud.client("s3").list_objects_v2(Bucket="models")["Contents"]] == [
        "iris/model.tar.gz"
    ]


def test_programs_are_answered_in_a_way_that_no_page_may_read(url: str) -> None:
    for kind, ask in KINDS.items():
        answer = send(url, ask)
        assert (answer.status != 403) or kind == "preflight", kind  # S3 refuses those, without rules for them
        assert not lets_pages_read(answer), kind


def test_clients_are_answered_at_loopback_and_at_awss_names(url: str) -> None:
    for host in ("127.0.0.1", "localhost:4566", "[::1]:4566", "api.sagemaker.us-east-1.amazonaws.com", "LOCALHOST"):
        assert send(url, call("ListModels"), Host=host).status == 200, host
    read = Ask("GET", "/iris/model.tar.gz", signed("s3"))
    assert send(url, read, Host="models.s3.us-east-1.amazonaws.com").body == b"artifact"


OWN = [
    ("GET", "/_sandbox/settings"),
    ("PATCH", "/_sandbox/settings"),
    ("PUT", "/_sandbox/settings"),
    ("POST", "/_sandbox/faults"),
    ("DELETE", "/_sandbox/faults"),
    ("GET", "/_sandbox/held/x"),
    ("GET", "/_sandbox/calls"),
    ("DELETE", "/_sandbox/calls"),
    ("POST", "/_sandbox/endpoints/ep"),
    ("POST", "/_sandbox/advance"),
    ("POST", "/_sandbox/health"),
    ("GET", "/_sandbox/health/"),
    ("GET", "/%5fsandbox/calls"),
    ("POST", "/moto-api/reset"),
    ("POST", "//moto-api/reset"),
    ("POST", "/%6doto-api/reset"),
    ("GET", "/moto-api"),
    ("GET", "/moto-api/data.json"),
    ("POST", "/moto-api/recorder/stop-recording"),
]


def test_what_is_the_simulators_own_wants_its_token(url: str, cloud: Any, token: str) -> None:
    keys: tuple[dict[str, str], ...] = (
        {},
        bearer("wrong"),
        bearer(""),
        {"Authorization": token[:-1]},
        {"Cookie": f"token={token}"},
    )
    for method, path in OWN:
        for headers in (*keys, {"Host": "motoapi.amazonaws.com"}):
            answer = send(url, Ask(method, path, headers))
            assert answer.status == 403, (method, path, headers)
            assert b"SMSANDBOX_TOKEN" in answer.body
    assert cloud.client("iam").list_roles()["Roles"], "nothing was reset"
    for method, path in OWN:
        assert send(url, Ask(method, path, bearer(token))).status != 403, (method, path)


def test_what_is_left_of_a_refused_request_is_not_taken_for_the_next(url: str, cloud: Any) -> None:
    inner = b"PUT /models/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx"
    answer = send(url, Ask("POST", "/models/eve", {"Origin": "null"}, inner))
    assert (answer.status, answer.headers["connection"]) == (403, "close")
    listed = cloud.client("s3").list_objects_v2(Bucket="models")["Contents"]
    assert [one["Key"] for one in listed] == ["iris/model.tar.gz"]


def command_in_the_environment(marker: Path) -> dict[str, str]:
    """Variables with which any Python program runs a command as it starts."""
    return {
        "PYTHONWARNINGS": "all:0:antigravity.x:0:0",
        "BROWSER": f"/bin/sh -c 'touch {marker}' %s",
        "ECHO_NAME": "harmless",
    }


def test_three_unsigned_calls_of_a_page_made_an_endpoint_and_are_refused(url: str, cloud: Any, tmp_path: Path) -> None:
    container = {"Image": cloud.image, "Environment": command_in_the_environment(tmp_path / "marker")}
    variant = {"VariantName": "v", "ModelName": "eve", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    calls = [
        call("CreateModel", ModelName="eve", ExecutionRoleArn=cloud.role(), PrimaryContainer=container),
        call("CreateEndpointConfig", EndpointConfigName="eve", ProductionVariants=[variant]),
        call("CreateEndpoint", EndpointName="eve", EndpointConfigName="eve"),
    ]
    for ask in calls:
        assert send(url, ask, Origin="https://evil.example", Sec_Fetch_Site="cross-site").status == 403
        assert send(url, ask, Host="evil.example").status == 403
    listed = json.loads(send(url, call("ListEndpoints")).body)["Endpoints"]
    assert listed == []
    # The same calls without a browser's marks do it: it is the marks that are refused.
    assert [send(url, ask).status for ask in calls] == [200, 200, 200]


def test_no_variable_of_a_model_runs_a_command_on_this_machine(live: Live, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    model = live.model(live.container(Environment=command_in_the_environment(marker)))
    assert live.create("eve", {"v": {"ModelName": model}})["EndpointStatus"] == "InService"
    assert live.invoke("eve")["container"] == "harmless"
    assert not marker.exists()

    def kept_back() -> list[str]:
        return [line for line in live.log("eve") if line.startswith("sandbox:")]

    until(lambda: len(kept_back()) > 1)
    told = kept_back()
    assert [line.split()[3] for line in told] == ["BROWSER", "PYTHONWARNINGS"]
    assert all("AWS would pass it" in line and str(marker) not in line for line in told)
    live.delete("eve")


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "pythonwarnings",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "DYLD_INSERT_LIBRARIES",
        "PATH",
        "BROWSER",
        "HOME",
        "HF_HOME",
        "TMPDIR",
        "BASH_ENV",
        "SHELL",
        "EDITOR",
        "GCONV_PATH",
        "OPENSSL_CONF",
        "http_proxy",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSLKEYLOGFILE",
        "REQUESTS_CA_BUNDLE",
        "HOSTALIASES",
        "AWS_ENDPOINT_URL",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_CONFIG_FILE",
        "BOTO_CONFIG",
        "KUBECONFIG",
        "OMP_TOOL_LIBRARIES",
        "SMINFERENCE_HOST",
        "SMINFERENCE_MODELS_ROOT",
        "SAGEMAKER_BIND_TO_PORT",
        "SMSANDBOX_TOKEN",
        "A=B",
        "BASH_FUNC_x%%",
    ],
)
def test_variables_that_reach_beyond_the_container_are_kept_back_and_named(name: str) -> None:
    assert passed({name: "value"}) == {}
    (note,) = notes({name: "secret value"})
    assert f"variable {name} of" in note
    assert "secret value" not in note


@pytest.mark.parametrize(
    "name",
    [
        "ECHO_NAME",
        "LOG_LEVEL",
        "MODE",
        "ENV",
        "SMINFERENCE_WORKERS",
        "SAGEMAKER_PROGRAM",
        "SM_HPS",
        "OMP_NUM_THREADS",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "MODEL_PATH",
        "MY_PYTHON",
        "THRESHOLD",
    ],
)
def test_all_other_variables_are_passed(name: str) -> None:
    assert kept_back(name) is None
    assert notes({name: "value"}) == []


def test_a_token_is_kept_in_a_file_of_its_owner_alone_and_made_again_when_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "state" / "token"
    first = secret.kept(path)
    assert len(first) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret.kept(path) == first
    path.chmod(0o644)
    second = secret.kept(path)
    assert second != first
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    other = tmp_path / "theirs"
    other.write_text("x" * 40)
    path.symlink_to(other)
    assert secret.kept(path) not in {first, second, "x" * 40}
    assert other.read_text() == "x" * 40

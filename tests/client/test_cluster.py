"""The thin way to the API server: pages, refusals, lost connections."""

from collections.abc import Iterator

import pytest

from smclient.errors import KubernetesError, NotFoundError
from smclient.kube.cluster import Cluster
from smclient.kube.kubeconfig import Access
from smclient.kube.transport import Transport
from smsandbox.testing.json_server import Asked, JsonServer

ALL = "/apis/smendpoints.dev/v1alpha1/sagemakerendpoints"
HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"


@pytest.fixture
def cluster(server: JsonServer) -> Iterator[Cluster]:
    found = Cluster(Access(server.url, authorization="Bearer t"))
    yield found
    found.close()


def named(name: str) -> dict[str, object]:
    return {"metadata": {"name": name}}


def test_long_lists_come_in_pages(server: JsonServer, cluster: Cluster) -> None:
    def page(request: Asked) -> object:
        if request.query.get("continue") == "more":
            return {"items": [named("b")], "metadata": {}}
        return {"items": [named("a")], "metadata": {"continue": "more"}}

    server.answers["GET", ALL] = page
    found = cluster.endpoints(None, "team=a")
    assert [each["metadata"]["name"] for each in found] == ["a", "b"]
    assert [request.query["labelSelector"] for request in server.asked] == ["team=a", "team=a"]
    assert server.asked[0].headers["Authorization"] == "Bearer t"


def test_an_object_that_is_not_there_is_told_with_those_that_are(server: JsonServer, cluster: Cluster) -> None:
    server.answers["GET", HERE] = {"items": [named("iris"), named("other")], "metadata": {}}
    with pytest.raises(NotFoundError) as raised:
        cluster.endpoint("ml", "irsi")
    assert str(raised.value) == ("there is no SageMakerEndpoint irsi in the namespace ml; in ml there are: iris, other")


def test_a_cluster_without_the_kind_is_told_as_such(server: JsonServer, cluster: Cluster) -> None:
    with pytest.raises(NotFoundError, match="this cluster has no SageMakerEndpoints; install the operator"):
        cluster.endpoint("ml", "iris")
    with pytest.raises(NotFoundError, match="install the operator"):
        cluster.endpoints("ml")


def test_a_refusal_is_the_api_servers_sentence(server: JsonServer, cluster: Cluster) -> None:
    server.answers["PATCH", f"{HERE}/iris"] = (422, {"kind": "Status", "message": "spec.x: say y instead"})
    with pytest.raises(KubernetesError, match=r"the API server refuses \(422\): spec.x: say y instead"):
        cluster.patch("ml", "iris", {"spec": {}})
    assert server.asked[-1].headers["Content-Type"] == "application/merge-patch+json"
    assert server.asked[-1].query == {"fieldManager": "kubectl-smendpoint", "fieldValidation": "Strict"}


def test_a_read_on_a_connection_that_was_dropped_is_repeated_once_and_a_write_never(server: JsonServer) -> None:
    server.answers["GET", "/a"] = {"a": 1}
    server.answers["PATCH", "/a"] = {"a": 2}
    transport = Transport(Access(server.url))
    assert transport.request("GET", "/a") == {"a": 1}
    server.drops = 1
    assert transport.request("GET", "/a") == {"a": 1}
    server.drops = 1
    with pytest.raises(KubernetesError, match="cannot reach the API server"):
        transport.request("PATCH", "/a", body={})
    transport.close()
    assert [request.method for request in server.asked] == ["GET", "GET", "GET", "PATCH"]


def test_nobody_there_is_a_sentence_that_names_the_server() -> None:
    with pytest.raises(KubernetesError, match=r"cannot reach the API server http://127.0.0.1:1: .*; check the network"):
        Transport(Access("http://127.0.0.1:1")).request("GET", "/a")


def test_a_watch_gives_each_change_and_ends_at_an_error(server: JsonServer, cluster: Cluster) -> None:
    server.answers["GET", HERE] = (
        b'{"type":"MODIFIED","object":{"metadata":{"name":"iris"}}}\n'
        b'{"type":"ERROR","object":{"code":410}}\n'
        b'{"type":"DELETED","object":{}}\n'
    )
    assert list(cluster.watch("ml", "iris", "7")) == [("MODIFIED", {"metadata": {"name": "iris"}})]
    assert server.asked[-1].query == {"watch": "true", "fieldSelector": "metadata.name=iris", "resourceVersion": "7"}


def test_the_api_server_is_asked_what_the_user_may(server: JsonServer, cluster: Cluster) -> None:
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    server.answers["POST", reviews] = {"status": {"allowed": True}}
    assert cluster.may("patch", "sagemakerendpoints", namespace="ml")
    assert server.asked[-1].body["spec"]["resourceAttributes"]["verb"] == "patch"


TESTS = "/apis/smendpoints.dev/v1alpha1/sagemakerexperiments"


def test_another_kind_that_is_not_installed_or_not_allowed_is_told_with_what_to_do(
    server: JsonServer, cluster: Cluster
) -> None:
    with pytest.raises(NotFoundError, match=r"no sagemakerexperiments\.smendpoints\.dev; its operator is older"):
        cluster.listing(None, "sagemakerexperiments")
    server.answers["GET", TESTS] = (403, {"kind": "Status", "message": "forbidden"})
    with pytest.raises(
        KubernetesError, match="you may not list sagemakerexperiments of all namespaces; ask for"
    ) as told:
        cluster.listing(None, "sagemakerexperiments")
    assert told.value.code == 403
    server.answers["GET", TESTS] = {"items": [named("ab")], "metadata": {"resourceVersion": "7"}}
    assert cluster.listing(None, "sagemakerexperiments") == ([named("ab")], "7")


def test_what_is_deleted_is_the_object_that_was_seen(server: JsonServer, cluster: Cluster) -> None:
    path = TESTS.replace("v1alpha1/", "v1alpha1/namespaces/ml/")
    server.answers["DELETE", f"{path}/ab"] = {"kind": "Status", "status": "Success"}
    cluster.delete("ml", "ab", "uid-1", "sagemakerexperiments")
    assert server.asked[-1].method == "DELETE"
    assert server.asked[-1].body["preconditions"] == {"uid": "uid-1"}

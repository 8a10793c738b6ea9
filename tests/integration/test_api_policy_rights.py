"""The roles for people and for an operator of named namespaces, on a real API server.

No controller aggregates here, so each role is bound itself: what Kubernetes adds to view, edit and admin is its rules.
"""

from pathlib import Path

import pytest

from smsandbox.testing.policies import Boundary

MANIFESTS = Path(__file__).parents[2] / "manifests"
OPERATOR = "system:serviceaccount:smendpoints-system:smendpoints"
READ, WRITE = ("get", "list", "watch"), ("create", "update", "patch", "delete", "deletecollection")


@pytest.fixture(scope="module")
def boundary(boundary: Boundary) -> Boundary:
    boundary.plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(MANIFESTS / "rbac"))
    return boundary


@pytest.fixture(scope="module")
def namespace(boundary: Boundary) -> str:
    """A namespace where viewer and editor have their role."""
    made = boundary.namespace()
    for user, role in (("viewer", "smendpoints-view"), ("editor", "smendpoints-edit")):
        boundary.plane.kubectl("create", "rolebinding", user, f"--clusterrole={role}", f"--user={user}", "-n", made)
    return made


def test_who_may_view_reads_objects_and_their_status_and_writes_nothing(boundary: Boundary, namespace: str) -> None:
    may = {
        (verb, what)
        for what in ("smep", "smep/status", "smeppolicies")
        for verb in (*READ, *WRITE)
        if boundary.may("viewer", verb, what, namespace=namespace)
    }
    assert may == {(verb, what) for what in ("smep", "smep/status", "smeppolicies") for verb in READ}


def test_a_binding_within_a_namespace_gives_nothing_of_the_cluster(boundary: Boundary, namespace: str) -> None:
    other = boundary.namespace()
    assert not boundary.may("viewer", "list", "smeppolicies", namespace="")
    assert not boundary.may("editor", "get", "smep", namespace=other)
    boundary.plane.kubectl(
        "create", "clusterrolebinding", "auditor", "--clusterrole=smendpoints-view", "--user=auditor"
    )
    assert boundary.may("auditor", "list", "smeppolicies", namespace="")
    assert not boundary.may("auditor", "patch", "smeppolicies", namespace="")


def test_who_may_edit_writes_objects_and_neither_their_status_nor_policies(boundary: Boundary, namespace: str) -> None:
    may = {
        (verb, what)
        for what in ("smep", "smep/status", "smeppolicies", "validatingadmissionpolicies")
        for verb in (*READ, *WRITE)
        if boundary.may("editor", verb, what, namespace=namespace)
    }
    assert may == {(verb, "smep") for verb in (*READ, *WRITE)} | {("get", "smep/status")}


def test_an_operator_of_named_namespaces_serves_them_and_reads_policies_and_labels_alone_elsewhere(
    boundary: Boundary,
) -> None:
    plane, other = boundary.plane, boundary.namespace()
    plane.kubectl("apply", "-f", "-", stdin='{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}')
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(MANIFESTS / "namespaced"))
    try:
        for verb, what in (("list", "smep"), ("watch", "smep"), ("patch", "smep"), ("patch", "smep/status")):
            assert boundary.may(OPERATOR, verb, what, namespace="team-a")
            assert not boundary.may(OPERATOR, verb, what, namespace=other)
            assert not boundary.may(OPERATOR, verb, what, namespace="")
        assert not boundary.may(OPERATOR, "create", "smep", namespace="team-a")
        for what in ("smeppolicies", "namespaces"):
            assert [verb for verb in (*READ, *WRITE) if boundary.may(OPERATOR, verb, what, namespace="")] == list(READ)
    finally:
        plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(MANIFESTS / "rbac"))

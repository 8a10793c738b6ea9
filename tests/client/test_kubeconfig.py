"""Kubeconfigs as kubectl reads them."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from smclient.errors import ClientError
from smclient.kube.kubeconfig import load

SERVER = "https://cluster.example:6443"


def written(folder: Path, name: str = "config", **changes: object) -> Path:
    body: dict[str, object] = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "ml"}}],
        "clusters": [{"name": "c", "cluster": {"server": SERVER}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
    }
    path = folder / name
    path.write_text(yaml.safe_dump(body | changes))
    return path


def test_the_current_context_names_server_namespace_and_token(tmp_path: Path) -> None:
    access = load(str(written(tmp_path)))
    assert (access.server, access.namespace, access.authorization) == (SERVER, "ml", "Bearer secret")
    assert "secret" not in repr(access)


def test_of_several_files_the_first_counts_and_files_are_beside_the_one_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "other"
    beside.mkdir()
    (beside / "token").write_text("from-file\n")
    first = written(tmp_path, users=[], clusters=[{"name": "c", "cluster": {"server": "https://first.example"}}])
    second = written(beside, users=[{"name": "u", "user": {"tokenFile": "token"}}])
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'absent'}:{second}")
    access = load()
    assert (access.server, access.authorization) == ("https://first.example", "Bearer from-file")


def test_certificates_are_read_inline_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("AUTHORITY")
    user = {"client-certificate-data": base64.b64encode(b"CERT").decode(), "client-key-data": "S0VZ"}
    path = written(
        tmp_path,
        clusters=[{"name": "c", "cluster": {"server": SERVER, "certificate-authority": "ca.crt"}}],
        users=[{"name": "u", "user": user}],
    )
    access = load(str(path))
    assert (access.certificate_authority, access.certificate, access.key) == ("AUTHORITY", "CERT", "KEY")


def plugin(tmp_path: Path, source: str, **more: object) -> Path:
    script = tmp_path / "plugin.py"
    script.write_text(source)
    run = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(script)],
        "env": [{"name": "WHO", "value": "me"}],
        "installHint": "Install the plugin.",
        "interactiveMode": "Never",
        **more,
    }
    return written(tmp_path, users=[{"name": "u", "user": {"exec": run}}])


def test_an_exec_plugin_is_asked_as_client_go_asks_it(tmp_path: Path) -> None:
    source = (
        "import json, os\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "token = '|'.join([os.environ['WHO'], info['kind'], info['apiVersion'], info['spec']['cluster']['server']])\n"
        "print(json.dumps({'status': {'token': token}}))\n"
    )
    access = load(str(plugin(tmp_path, source, provideClusterInfo=True)))
    assert access.authorization == f"Bearer me|ExecCredential|client.authentication.k8s.io/v1|{SERVER}"


@pytest.mark.parametrize(
    ("source", "said"),
    [("import sys; sys.exit(3)", "failed with exit code 3"), ("print('hello')", "gave no ExecCredential")],
)
def test_a_plugin_that_fails_is_one_sentence_with_its_own_hint(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(ClientError, match=said) as raised:
        load(str(plugin(tmp_path, source)))
    assert raised.value.hint == "Install the plugin."


def test_an_auth_provider_is_left_to_the_library(tmp_path: Path) -> None:
    token = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, {"exp": 9999999999})
    )
    provider = {"name": "oidc", "config": {"id-token": f"{token}.x"}}
    path = written(tmp_path, users=[{"name": "u", "user": {"auth-provider": provider}}])
    assert load(str(path)).authorization == f"Bearer {token}.x"


def test_in_a_pod_without_a_kubeconfig_the_service_account_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("token", "t"), ("namespace", "team-a"), ("ca.crt", "CA")):
        (tmp_path / name).write_text(text)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    access = load(pod=tmp_path)
    assert (access.server, access.namespace, access.authorization) == ("https://[fd00::1]:443", "team-a", "Bearer t")


@pytest.mark.parametrize(
    ("changes", "context", "said"),
    [
        ({}, "there", "no context there; there are: here"),
        ({"current-context": ""}, None, "no current context"),
        ({"clusters": []}, None, "no cluster c; there are: none"),
        ({"users": []}, None, "no user u"),
        ({"clusters": [{"name": "c", "cluster": {}}]}, None, "has no server"),
        ({"users": [{"name": "u", "user": {"tokenFile": "absent"}}]}, None, "cannot read .*absent"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, changes: dict[str, Any], context: str | None, said: str) -> None:
    with pytest.raises(ClientError, match=said):
        load(str(written(tmp_path, **changes)), context)


@pytest.mark.parametrize("text", ["- a", "{", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ClientError) as raised:
        load(str(path))
    assert "\n" not in str(raised.value)


def test_no_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"there is no kubeconfig at .*absent; set KUBECONFIG"):
        load(str(tmp_path / "absent"))

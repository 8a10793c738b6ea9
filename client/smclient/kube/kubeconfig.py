"""How to reach the API server, by kubeconfig as kubectl reads it, or by a pod's service account.

Not here: a request. Exec plugins (`aws eks get-token` and the like) are run here; the old `auth-provider` is left to
the `kubernetes` library, which is imported for it alone.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from smclient.errors import ClientError

_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC_SECONDS = 60


@dataclass(frozen=True)
class Access:
    """The API server and the user's credentials; certificates and the key as PEM."""

    server: str
    namespace: str = "default"
    context: str = ""
    certificate_authority: str | None = None
    insecure: bool = False
    tls_server_name: str | None = None
    proxy: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)
    authorization: str | None = field(default=None, repr=False)


def load(kubeconfig: str | None = None, context: str | None = None, pod: Path = _POD) -> Access:
    """What the kubeconfig says for the context, its current one unless given; in a pod without one, the pod's account.

    Raises:
        ClientError: there is no configuration, or it cannot be used; says what is missing.
    """
    paths = _paths(kubeconfig)
    found = [path for path in paths if path.is_file()]
    if not found:
        if (kubeconfig or os.environ.get("KUBECONFIG")) is None and (pod / "token").is_file():
            return _in_pod(pod)
        named = ", ".join(str(path) for path in paths)
        raise ClientError(f"there is no kubeconfig at {named}", "set KUBECONFIG, or pass --kubeconfig")
    merged = _merged([_read(path) for path in found])
    name = context or merged["current-context"]
    if not name:
        raise ClientError(
            "the kubeconfig has no current context", "run `kubectl config use-context`, or pass --context"
        )
    chosen = _named(merged, "contexts", "context", name)
    cluster = _named(merged, "clusters", "cluster", str(chosen.get("cluster", "")))
    user = _named(merged, "users", "user", str(chosen["user"])) if chosen.get("user") else {}
    if not cluster.get("server"):
        raise ClientError(
            f"the cluster of the context {name} has no server", "fix it with `kubectl config set-cluster`"
        )
    access = Access(
        server=str(cluster["server"]).rstrip("/"),
        namespace=str(chosen.get("namespace") or "default"),
        context=name,
        certificate_authority=_pem(cluster, "certificate-authority"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
    )
    return _logged_in(access, user, cluster, kubeconfig)


def _paths(kubeconfig: str | None) -> list[Path]:
    if kubeconfig is not None:
        return [Path(kubeconfig).expanduser()]
    named = [Path(each) for each in os.environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    return named or [Path.home() / ".kube" / "config"]


def _read(path: Path) -> dict[str, Any]:
    import yaml  # the pod's account needs none

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), loader) or {}  # noqa: S506 - a safe loader, in C
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ClientError(f"cannot read the kubeconfig {path}: {str(error).splitlines()[0]}", "fix it") from error
    if not isinstance(found, dict):
        raise ClientError(f"{path} is not a kubeconfig", "set KUBECONFIG, or pass --kubeconfig")
    for kind, entry in (("clusters", "cluster"), ("users", "user")):
        for each in found.get(kind) or []:
            _anchor(each.get(entry) or {}, path.parent)
    return found


def _anchor(entry: dict[str, Any], folder: Path) -> None:
    """Files that an entry names are relative to the kubeconfig that has it."""
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if entry.get(key):
            entry[key] = str(folder / str(entry[key]))
    command = (entry.get("exec") or {}).get("command")
    if command and os.sep in command and not Path(command).is_absolute():
        entry["exec"]["command"] = str(folder / command)


def _merged(files: list[dict[str, Any]]) -> dict[str, Any]:
    """As kubectl merges: of two entries of one name the first counts."""
    kinds = {kind: [each for file in files for each in file.get(kind) or []] for kind in _KINDS}
    current = next((file["current-context"] for file in files if file.get("current-context")), "")
    return {**kinds, "current-context": current}


_KINDS = ("contexts", "clusters", "users")


def _named(merged: Mapping[str, Any], kind: str, entry: str, name: str) -> dict[str, Any]:
    for each in merged[kind]:
        if each.get("name") == name:
            return dict(each.get(entry) or {})
    known = ", ".join(sorted(str(each.get("name")) for each in merged[kind])) or "none"
    raise ClientError(f"the kubeconfig has no {entry} {name}", f"there are: {known}")


def _pem(entry: Mapping[str, Any], key: str) -> str | None:
    if entry.get(f"{key}-data"):
        return base64.b64decode(entry[f"{key}-data"]).decode()
    return _file(str(entry[key])) if entry.get(key) else None


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ClientError(f"cannot read {path}, which the kubeconfig names: {error.strerror}", "fix it") from error


def _logged_in(access: Access, user: dict[str, Any], cluster: Mapping[str, Any], kubeconfig: str | None) -> Access:
    if user.get("exec"):
        return _by_plugin(access, user["exec"], cluster)
    if user.get("auth-provider"):
        return replace(access, authorization=_by_library(access.context, kubeconfig))
    authorization = None
    if user.get("tokenFile"):
        authorization = f"Bearer {_file(str(user['tokenFile'])).strip()}"
    elif user.get("token"):
        authorization = f"Bearer {user['token']}"
    elif user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
    return replace(access, certificate=certificate, key=key, authorization=authorization)


def _by_plugin(access: Access, plugin: Mapping[str, Any], cluster: Mapping[str, Any]) -> Access:
    """Run a credential plugin, as client-go does."""
    interactive = plugin.get("interactiveMode", "IfAvailable") != "Never" and sys.stdin is not None
    spec: dict[str, Any] = {"interactive": interactive and sys.stdin.isatty()}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {
            "server": access.server,
            "certificate-authority-data": base64.b64encode((access.certificate_authority or "").encode()).decode(),
            "insecure-skip-tls-verify": access.insecure,
            "config": next(
                (
                    each.get("extension")
                    for each in cluster.get("extensions") or []
                    if each.get("name") == "client.authentication.k8s.io/exec"
                ),
                None,
            ),
        }
    info = {"kind": "ExecCredential", "apiVersion": plugin.get("apiVersion"), "spec": spec}
    own = {str(each["name"]): str(each["value"]) for each in plugin.get("env") or []}
    command = [str(plugin.get("command")), *(str(each) for each in plugin.get("args") or [])]
    hint = str(plugin.get("installHint") or "log in, or install what the kubeconfig's user names").strip()
    try:
        ran = subprocess.run(
            command,
            env={**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=None if spec["interactive"] else _EXEC_SECONDS,
            check=True,
        )
        status = json.loads(ran.stdout)["status"]
    except subprocess.TimeoutExpired as error:
        raise ClientError(f"the credential plugin {command[0]} did not answer in {_EXEC_SECONDS} s", hint) from error
    except subprocess.CalledProcessError as error:
        raise ClientError(
            f"the credential plugin {command[0]} failed with exit code {error.returncode}", hint
        ) from error
    except OSError as error:
        raise ClientError(f"cannot run the credential plugin {command[0]}: {error.strerror}", hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ClientError(f"the credential plugin {command[0]} gave no ExecCredential", hint) from error
    token = status.get("token")
    return replace(
        access,
        certificate=status.get("clientCertificateData"),
        key=status.get("clientKeyData"),
        authorization=f"Bearer {token}" if token else None,
    )


def _by_library(context: str, kubeconfig: str | None) -> str | None:
    """The header that the `kubernetes` library finds for an `auth-provider`."""
    try:
        from kubernetes import config  # half a second that few need
    except ImportError as error:
        raise ClientError(
            "the kubeconfig logs in by an auth-provider, which needs the library `kubernetes`",
            "run `pip install kubernetes` beside the client, or log in by an exec plugin",
        ) from error
    try:
        connection = config.new_client_from_config(kubeconfig, context)
    except config.ConfigException as error:
        raise ClientError(f"cannot log in by the kubeconfig: {error}", "log in again") from error
    found: str | None = connection.configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    return found


def _in_pod(pod: Path) -> Access:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if host is None:
        raise ClientError("there is no kubeconfig, and KUBERNETES_SERVICE_HOST is unset", "set KUBECONFIG")
    return Access(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=_file(str(pod / "namespace")).strip(),
        context="pod",
        certificate_authority=_file(str(pod / "ca.crt")),
        authorization=f"Bearer {_file(str(pod / 'token')).strip()}",
    )

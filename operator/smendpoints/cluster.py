"""The cluster: how to log in to it, and its identity, the UID of its namespace kube-system."""

import base64
import json
import ssl
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import kopf


def login(*, settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo | None:
    """The pod's service account, else the kubeconfig; whatever client libraries are installed."""
    return kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)


def cluster_uid(settings: kopf.OperatorSettings) -> str:
    """Ask the API server.

    Raises:
        RuntimeError: it can't be reached, or refuses; says what to set instead.
    """
    connection = login(settings=settings)
    if connection is None:
        raise RuntimeError("no Kubernetes to connect to: run in a pod, or set KUBECONFIG")
    request = urllib.request.Request(f"{connection.server.rstrip('/')}/api/v1/namespaces/kube-system")  # noqa: S310
    if connection.token:
        request.add_header("Authorization", f"Bearer {connection.token}")
    try:
        with urllib.request.urlopen(request, context=_tls(connection), timeout=15) as response:  # noqa: S310
            return str(json.load(response)["metadata"]["uid"])
    except OSError as error:
        raise RuntimeError(
            f"cannot read the namespace kube-system, whose UID identifies the cluster: {error}; "
            "allow `get` on it, or set SMENDPOINTS_CLUSTER_ID"
        ) from error


def _tls(connection: kopf.ConnectionInfo) -> ssl.SSLContext:
    cadata = base64.b64decode(connection.ca_data).decode() if connection.ca_data else None
    context = ssl.create_default_context(cafile=connection.ca_path, cadata=cadata)
    if connection.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if connection.certificate_path:
        context.load_cert_chain(connection.certificate_path, connection.private_key_path)
    elif connection.certificate_data and connection.private_key_data:
        # ssl takes client certificates from files only.
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder, "pair.pem")
            pair.touch(mode=0o600)
            pair.write_bytes(
                base64.b64decode(connection.certificate_data) + b"\n" + base64.b64decode(connection.private_key_data)
            )
            context.load_cert_chain(pair)
    return context

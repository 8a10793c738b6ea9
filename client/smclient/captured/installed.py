"""What reading captured data needs beside the client itself."""

import importlib.util

from smclient.errors import ClientError


def needs_numpy() -> None:
    """Call it before a module that imports numpy is imported.

    Raises:
        ClientError: numpy is not installed.
    """
    if importlib.util.find_spec("numpy") is None:
        raise ClientError("this needs numpy", "install it with `pip install 'kubectl-smendpoint[captured]'`")

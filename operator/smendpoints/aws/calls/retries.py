"""What is tried again within one call, and after how long: throttling, failures of AWS's own, lost connections.

Few tries and short waits, as a reconcile that fails comes again by itself. A refusal is never tried again here: asked
once more it is the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ConnectionError as NotConnected
from botocore.exceptions import HTTPClientError

from smendpoints.aws.calls.errors import is_throttling, is_transient

ATTEMPTS = 3
_FIRST_WAIT = 0.3
_FIRST_WAIT_THROTTLED = 1.0
_LOST = (NotConnected, HTTPClientError)


def code_of(parsed: Mapping[str, Any] | None) -> str:
    """The code of an answer; empty where it is no error."""
    return str((parsed or {}).get("Error", {}).get("Code", ""))


def wait_before_retry(
    attempts: int, status: int | None, code: str, error: Exception | None, between: Callable[[float, float], float]
) -> float | None:
    """Seconds to wait before the next attempt after this many; None: what came of it is final.

    `status` and `code` are the answer's, if there was one, else `error` says why not; `between` draws by chance.
    """
    if attempts >= ATTEMPTS:
        return None
    throttled = status is not None and is_throttling(code, status)
    failed = isinstance(error, _LOST) if status is None else is_transient(code, status)
    if not throttled and not failed:
        return None
    first = _FIRST_WAIT_THROTTLED if throttled else _FIRST_WAIT
    return first * (1 << (attempts - 1)) * between(0.5, 1.0)

"""What the simulator leaves to moto (S3, IAM, STS, ECR, CloudWatch data, logs, EventBridge, ...), in this process.

`Moto` answers whole HTTP requests. What looks straight into moto's state is beside it, in a module each.
moto's state belongs to the process: two worlds in one process share it, and `reset` empties it.
"""

from __future__ import annotations

import io
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import get_account_id_from
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from smsandbox.aws.moto import queue_policy as _  # noqa: F401 - moto's CloudFormation knows it from here on
from smsandbox.aws.wire.protocols import HttpResponse

if TYPE_CHECKING:
    from moto.core.request import Request

PARTITION = "aws"
_ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"


def reset() -> None:
    """Empty all of moto's state."""
    moto_api_backend.reset()


@cache  # they hold no state: that is the process's; and to compile their routes takes long
def _application_of(service: str | None) -> Any:
    if service is None:
        raise NotImplementedError("moto has no such service")
    return create_backend_app(service)  # type: ignore[arg-type]


class Moto:
    """moto's WSGI application."""

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(_application_of)
        # A folder of moto's sources is listed to find out whose a host is, with each request.
        found = lru_cache(1000)(self._application.get_backend_for_host)
        self._application.get_backend_for_host = found  # type: ignore[method-assign]

    def handle(self, request: Request, account: str | None = None) -> HttpResponse:
        """Moto's answer; the body is read in full. NotImplementedError for what moto lacks.

        `account` is whose state the call is about, where that is not the caller's.
        """
        body = request.get_data()
        environ = dict(request.environ)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("werkzeug.request", None)
        environ.pop(_ACCOUNT_HEADER, None)  # nobody but us says whose
        environ |= {_ACCOUNT_HEADER: account} if account is not None else {}
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "wsgi.input_terminated": True}
        chunks, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        return HttpResponse(int(status.split(" ", 1)[0]), dict(headers.items()), b"".join(chunks))

    @staticmethod
    def identify(access_key: str | None) -> tuple[str, str | None]:
        """Account and principal ARN behind an access key, as moto's IAM and STS know it."""
        if access_key is None:
            return DEFAULT_ACCOUNT_ID, None
        account = get_account_id_from(access_key)
        role = get_backend("sts")[account][PARTITION].get_assumed_role_from_access_key(access_key)
        if role is not None:
            return account, role.arn
        user = get_backend("iam")[account][PARTITION].get_user_from_access_key_id(access_key)
        return account, user.arn if user is not None else None

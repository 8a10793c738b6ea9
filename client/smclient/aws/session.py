"""boto3 with the user's own credentials, and AWS's refusals as sentences.

boto3 is imported by the first client: most verbs need none.
"""

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from smclient.errors import AWSError, ClientError

_DENIED = re.compile(r"(?:not authorized to perform|perform):? ([a-z0-9-]+:[A-Za-z]+)")
_NO_LOGIN = "log in to AWS (AWS_PROFILE, `aws sso login`, AWS_ACCESS_KEY_ID)"
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
}
_BUSY = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
_SKEWED = re.compile(r"RequestTimeTooSkewed|Signature (?:expired|not yet current)")
_SERVER_FAULT = 500
_NOT_IMPLEMENTED = 501
_DENIALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


class Aws:
    """AWS in one region, as the user, for all threads. `session` is a boto3 Session instead of the default one."""

    def __init__(self, region: str | None = None, session: Any = None) -> None:
        self._region = region
        self._session = session
        self._clients: dict[str, Any] = {}
        self._making = threading.RLock()  # clients may be used by all threads, but are made by one

    def client(self, service: str, **settings: Any) -> Any:
        """A client of the service, made once; `settings` are botocore's Config.

        Raises:
            AWSError: no region is known.
        """
        with self._making:
            if service not in self._clients:
                with told():
                    self._clients[service] = self._make(service, settings)
            return self._clients[service]

    @property
    def region(self) -> str:
        """The region, such as `us-east-1`.

        Raises:
            AWSError: none is known.
        """
        return str(self.client("sts").meta.region_name)

    def _make(self, service: str, settings: Mapping[str, Any]) -> Any:
        import boto3
        from botocore.config import Config

        if self._session is None:
            # As AWS's other tools; botocore itself reads AWS_DEFAULT_REGION alone.
            self._session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        config = Config(user_agent_extra="kubectl-smendpoint", **settings)
        return self._session.client(service, region_name=self._region, config=config)


@contextlib.contextmanager
def told(doing: str = "") -> Iterator[None]:
    """What boto3 raises in the block, as a sentence of ours; `doing` says what was tried, such as `read the log`.

    Raises:
        AWSError: AWS refused, or could not be asked.
    """
    try:
        yield
    except ClientError:
        raise
    except Exception as error:
        found = _sentence(error, doing)
        if found is None:
            raise
        raise found from error


def _sentence(error: Exception, doing: str) -> AWSError | None:
    """The error in our words; None where it is no error of AWS."""
    from botocore import exceptions

    tried = f"cannot {doing}: " if doing else ""
    if isinstance(error, exceptions.ClientError):
        about = error.response.get("Error", {})
        code, message = str(about.get("Code", "")), str(about.get("Message") or error)
        if _SKEWED.search(f"{code} {message}"):
            return AWSError(
                f"{tried}{message}",
                "correct this machine's clock: AWS only accepts requests with the current time",
                code,
            )
        if code in _EXPIRED:
            return AWSError(f"{tried}AWS rejected the credentials ({code})", _NO_LOGIN, code)
        if code in _DENIALS:
            match = _DENIED.search(message)
            return AWSError(f"{tried}{message}", f"ask for the permission {match[1]}" if match else "", code)
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
        again = (
            "it has too much to do: try again in a minute"
            if code in _BUSY
            else "this is an error on the side of AWS: try again"
        )
        passes = code in _BUSY or (status >= _SERVER_FAULT and status != _NOT_IMPLEMENTED)
        return AWSError(f"{tried}{message}", again if passes else "", code)
    if isinstance(error, exceptions.NoRegionError):
        return AWSError("no AWS region is known", "set AWS_REGION, or `region` in your AWS profile")
    login = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError)
    if isinstance(error, (*login, exceptions.TokenRetrievalError, exceptions.SSOError, exceptions.ProfileNotFound)):
        return AWSError(f"{tried}there are no AWS credentials ({error})", _NO_LOGIN)
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError)):
        return AWSError(f"{tried}{error}", "check the network, the region and AWS_ENDPOINT_URL")
    if isinstance(error, exceptions.BotoCoreError):
        return AWSError(f"{tried}{error}", "")
    return None

"""Small objects of S3 that are read again when they were written anew: the summaries of experiments' outcomes."""

import re

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.calls.errors import translated
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.outcomes import MOST_BYTES, Written
from smendpoints.domain.reasons import Reason

_URI = re.compile(r"s3://([^/]+)/(.+)")


class Reader:
    """The summaries of one place."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, uri: str, known: str | None) -> Written | None:
        """The object; None where its ETag is the one that is known.

        Raises:
            ReconcileError: it could not be read; `Kind.GONE` where there is none.
        """
        match = _URI.fullmatch(uri)
        if match is None:
            raise ReconcileError(Kind.GONE, Reason.NOT_ACCESSIBLE, f"{uri} is no URI of an object in S3")
        found = self._clients.call("s3", "get_object", Bucket=match[1], Key=match[2])
        with found["Body"] as body, translated("get_object"):
            if found["ETag"] == known:
                return None
            if found["ContentLength"] > MOST_BYTES:
                message = f"{uri} has {found['ContentLength']} bytes: no summary of outcomes has so many"
                raise ReconcileError(Kind.INVALID, Reason.NOT_ACCESSIBLE, message)
            return Written(found["ETag"], body.read())

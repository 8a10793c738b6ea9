"""Where every request comes in, from a socket or in-process, and goes to a service of ours, to moto or to admin."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from smsandbox.aws.core.context import Request
from smsandbox.aws.core.errors import AwsError, ResponseLostError
from smsandbox.aws.http.admin import PREFIX, Admin
from smsandbox.aws.iam import role_trust
from smsandbox.aws.moto import gaps
from smsandbox.aws.moto.bucket_regions import in_its_region
from smsandbox.aws.wire import cbor, protocols

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.core.request import Request as MotoRequest

    from smsandbox.aws.core.world import World
    from smsandbox.aws.moto.backend import Moto

log = logging.getLogger(__name__)
BUCKET_HOST = re.compile(r"(?P<bucket>[^/]+)\.s3[.-][^/]*amazonaws\.com(?:\.cn)?(?::\d+)?")
#: moto's own of these would contradict the simulator: they never answer for us.
OURS_ALONE = frozenset({"sagemaker", "sagemaker-runtime", "application-autoscaling"})


class Gateway:
    def __init__(self, world: World, moto: Moto) -> None:
        self.world = world
        self._moto = moto
        self._admin = Admin(world)

    def handle(self, request: MotoRequest) -> protocols.HttpResponse:
        """The response to any request. Raises ResponseLostError when there is to be none."""
        request.get_data()  # before anything looks at the form, which would use the stream up
        if request.path.startswith(PREFIX):
            return self._admin.handle(request)
        if cbor.speaks(request):
            return cbor.handle(request, self.handle)
        signed = protocols.signature(request)
        service = signed.service
        try:
            with _failing():
                return self._call(service, signed, request)
        except AwsError as error:
            return protocols.failure(service, error, request)

    def simulates(self, service: str, operation: str) -> bool:
        """Whether an operation is one of the simulator's own, which `ask` answers."""
        own = self.world.services.get(service)
        return own is not None and hasattr(own, xform_name(operation))

    def ask(self, signed: protocols.Signed, operation: str, params: dict[str, Any], agent: str) -> dict[str, Any]:
        """A call that is no HTTP request: the shaped answer, or AwsError; ResponseLostError if there is to be none."""
        account, principal = self._moto.identify(signed.access_key)
        with _failing():
            return self.world.call(
                Request(str(signed.service), operation, account, signed.region, principal, params, agent)
            )

    def _call(self, service: str | None, signed: protocols.Signed, request: MotoRequest) -> protocols.HttpResponse:
        found = protocols.operation_of(service, request) if service else None
        own = self.world.services.get(service) if service else None
        if found is None:
            if service in OURS_ALONE:
                what = request.headers.get("X-Amz-Target") or f"{request.method} {request.path}"
                raise AwsError("UnknownOperationException", f"{service} has no operation {what}.", 404)
            return self._ask_moto(request, f"{service or 'a service'}:{request.method} {request.path}")
        operation, url_params = found
        account, principal = self._moto.identify(signed.access_key)
        name = str(operation.name)
        agent = str(request.headers.get("User-Agent", ""))
        call = Request(str(service), name, account, signed.region, principal, url_params, agent)
        try:
            ours = own.operation(name) if own is not None else None
            if ours is None and service in OURS_ALONE:
                raise AwsError("NotImplemented", f"The sandbox does not simulate {service}:{name}.", 501)
        except AwsError as error:
            self.world.count(call, error.code)
            raise
        looked_at = service == "sts" or service in gaps.SERVICES or (service, name) == gaps.TAGGED
        if ours is not None or looked_at or self.world.settings.enforce_iam:
            call = replace(call, params=protocols.parse(operation, url_params, request))
        if ours is None:
            return self.world.perform(call, lambda: self._leave_to_moto(call, request), protocols.error_code)
        return protocols.answer(operation, self.world.call(call), request)

    def _leave_to_moto(self, call: Request, request: MotoRequest) -> protocols.HttpResponse:
        what = f"{call.service}:{call.operation}"
        if call.service == "sts":
            role_trust.check(call, enforced=self.world.settings.enforce_iam)
        gaps.before(call, self.world.objects)
        if call.service == "s3":
            answer = in_its_region(call, self.world.objects, lambda: self._ask_moto(request, what))
        else:
            answer = self._ask_moto(request, what, gaps.owner(call))
        if answer.status < protocols.BAD_REQUEST:
            gaps.after(call)
        return answer

    def _ask_moto(self, request: MotoRequest, what: str, account: str | None = None) -> protocols.HttpResponse:
        try:
            return self._moto.handle(request, account)
        except NotImplementedError as missing:
            # 501: clients try a 500 again.
            raise AwsError("NotImplemented", f"The sandbox does not simulate {what}.", 501) from missing


@contextmanager
def _failing() -> Iterator[None]:
    """What the simulator gets wrong is told as AWS tells of its own failures, and logged."""
    try:
        yield
    except (AwsError, ResponseLostError):
        raise
    except Exception as error:
        log.exception("the simulator failed")
        raise AwsError("InternalFailure", f"the simulator failed: {error!r}", 500) from error


def path_style(url: str) -> str:
    """A virtual-hosted S3 URL with its bucket in the path, where moto's server looks for it; others unchanged."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    match = BUCKET_HOST.fullmatch(host)
    if match is None:
        return url
    return f"{scheme}://s3.amazonaws.com/{match['bucket']}{slash or '/' if path else ''}{path}"

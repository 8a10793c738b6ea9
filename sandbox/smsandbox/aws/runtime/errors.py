"""The errors of the runtime API, in AWS's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.core.errors import AwsError

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import EndpointView
    from smsandbox.aws.runtime.forward import Answer

_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container {container}. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
MAX_MESSAGE = 1024


def invalid(message: str) -> AwsError:
    """A ValidationError, which is what the runtime says instead of ValidationException."""
    return AwsError("ValidationError", message)


def not_found(name: str, account: str) -> AwsError:
    return invalid(f"Endpoint {name} of account {account} not found.")


def unavailable(name: str) -> AwsError:
    return AwsError("ServiceUnavailable", f"The endpoint {name} has no instance that takes requests just now.", 503)


def too_large(limit: int) -> AwsError:
    return AwsError("413", f"HTTP content length exceeded {limit} bytes.", 413)


def model_error(view: EndpointView, answer: Answer) -> AwsError:
    """What a container's refusal, failure or silence becomes."""
    group = f"/aws/sagemaker/Endpoints/{view.name}"
    text = answer.body.decode(errors="replace")
    if not answer.status and not text:
        text = _TIMED_OUT.format(container=answer.container)
    kind = "client" if 400 <= answer.status < 500 else "server"
    message = (
        f'Received {kind} error ({answer.status}) from {answer.container} with message "{text[:MAX_MESSAGE]}". See '
        f"https://{view.region}.console.aws.amazon.com/cloudwatch/home?region={view.region}#logEventViewer:group={group}"
        f" in account {view.account} for more information."
    )
    members = {
        "OriginalStatusCode": answer.status,
        "OriginalMessage": text[:MAX_MESSAGE],
        "LogStreamArn": f"arn:aws:logs:{view.region}:{view.account}:log-group:{group}",
    }
    return AwsError("ModelError", message, 424, members)

"""A request as one would type it: for the AWS CLI, boto3, curl and kubectl. Pure text, quoted for a shell."""

import shlex
from dataclasses import dataclass

_LONGEST = 4000


@dataclass(frozen=True)
class Request:
    """What was asked of which endpoint; names are those of AWS, but for `object_name` and `namespace`."""

    endpoint: str
    region: str
    namespace: str
    object_name: str
    body: str
    content_type: str = "application/json"
    attributes: str | None = None
    variant: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Snippet:
    """A way to send it: its name, the language, the text."""

    name: str
    language: str
    text: str


def snippets(request: Request) -> tuple[Snippet, ...]:
    """All ways. A body that is too long to be read stands for itself by a file, `body`, that has to be there."""
    long = len(request.body) > _LONGEST
    written = "" if long else f"printf %s {shlex.quote(request.body)} > body\n"
    return (
        Snippet("kubectl", "sh", written + _kubectl(request)),
        Snippet("AWS CLI", "sh", written + _aws(request)),
        Snippet("boto3", "python", _boto3(request, long=long)),
        Snippet("curl", "sh", written + _curl(request)),
    )


def _kubectl(request: Request) -> str:
    words = ["kubectl", "smendpoint", "invoke", request.object_name, "-n", request.namespace, "-f", "body"]
    words += ["--content-type", request.content_type]
    words += ["--custom-attributes", request.attributes] if request.attributes else []
    words += ["--target-variant", request.variant] if request.variant else []
    words += ["--target-model", request.model] if request.model else []
    return shlex.join(words) + "\n"


def _aws(request: Request) -> str:
    words = ["aws", "sagemaker-runtime", "invoke-endpoint", "--region", request.region]
    words += ["--endpoint-name", request.endpoint, "--content-type", request.content_type]
    words += ["--custom-attributes", request.attributes] if request.attributes else []
    words += ["--target-variant", request.variant] if request.variant else []
    words += ["--target-model", request.model] if request.model else []
    return shlex.join([*words, "--body", "fileb://body", "answer.json"]) + "\ncat answer.json\n"


def _boto3(request: Request, *, long: bool) -> str:
    given = {
        "EndpointName": request.endpoint,
        "ContentType": request.content_type,
        "CustomAttributes": request.attributes,
        "TargetVariant": request.variant,
        "TargetModel": request.model,
    }
    lines = [f"    {key}={value!r}," for key, value in given.items() if value]
    body = 'open("body", "rb").read()' if long else repr(request.body)
    return "\n".join(
        [
            "import boto3",
            "",
            f'runtime = boto3.client("sagemaker-runtime", region_name={request.region!r})',
            "answer = runtime.invoke_endpoint(",
            *lines,
            f"    Body={body},",
            ")",
            'print(answer["InvokedProductionVariant"], answer["Body"].read().decode())',
            "",
        ]
    )


def _curl(request: Request) -> str:
    headers = {
        "Content-Type": request.content_type,
        "X-Amzn-SageMaker-Custom-Attributes": request.attributes,
        "X-Amzn-SageMaker-Target-Variant": request.variant,
        "X-Amzn-SageMaker-Target-Model": request.model,
    }
    host = f"https://runtime.sagemaker.{request.region}.amazonaws.com"
    lines = [
        f"curl --fail-with-body --aws-sigv4 {shlex.quote(f'aws:amz:{request.region}:sagemaker')}",
        '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
        '${AWS_SESSION_TOKEN:+-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"}',
        *(f"-H {shlex.quote(f'{key}: {value}')}" for key, value in headers.items() if value),
        "--data-binary @body",
        f'"${{AWS_ENDPOINT_URL:-{host}}}/endpoints/{request.endpoint}/invocations"',
    ]
    return " \\\n  ".join(lines) + "\n"

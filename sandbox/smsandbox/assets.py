"""What a sandbox offers before the first endpoint: a role, a bucket, a trained model in it, an image in ECR.

The names are those of `manifests/samples`, so that the samples work in a sandbox as they stand.
"""

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from smsandbox.aws.moto.images import PROGRAM_ANNOTATION
from smsandbox.process import inherited, write_atomically
from smsandbox.world import ACCOUNT, REGION, World

ROLE = "sagemaker-execution"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
EXECUTION = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms"], "Resource": "*"},
            {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "arn:aws:s3:::*sagemaker*"},
        ],
    }
)
BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
IMAGE = f"{REGISTRY}/smendpoints/sklearn-inference:1.0"
PASSING_ON = f"{REGISTRY}/iris-features:2.3"  # stands before the model in the pipeline's sample
MEASURED_SPLITS = 3  # few, as `up` is waited for
PASSES_ON = "passing-on"  # its program: what comes goes to the model
RANDOM_FOREST = ("iris/model.tar.gz", "iris/random-forest/model.tar.gz", "iris/models/random-forest.tar.gz")
GRADIENT_BOOSTING = ("iris/gradient-boosting/model.tar.gz", "iris/models/gradient-boosting.tar.gz")


class CommandError(Exception):
    """A command failed; the message has what it was and what it wrote."""


@dataclass(frozen=True)
class Assets:
    """Names as the recipe has them; the fields are the variables of `.sandbox/env` in small letters."""

    ecr_image_uri: str
    model_data_url: str
    role_arn: str

    def environment(self) -> dict[str, str]:
        return {
            "ECR_IMAGE_URI": self.ecr_image_uri,
            "MODEL_DATA_URL": self.model_data_url,
            "ROLE_ARN": self.role_arn,
        }


def training_command(output: Path, seed: int = 42, model: str = "random-forest", splits: int = 0) -> list[str]:
    """Trains a model (the recipe's, with its seed), packs and uploads it; the last line it prints is the S3 URI.

    Over so many random splits it is measured how often its prediction sets hold the true class.
    """
    upload = f"s3://{BUCKET}/iris"
    train = ["python", "-m", "smtraining", "train", "--model", model, "--seed", str(seed), "--splits", str(splits)]
    return [*train, "--output", str(output), "--upload", upload]


def push_command(image: str = IMAGE, program: str = "sminference") -> list[str]:
    """Puts an image into ECR, the inference container's unless told otherwise; stands for `docker push`."""
    return ["python", "-m", "smsandbox.aws", "push", "--image-uri", image, "--program", program]


def ensure(world: World) -> Assets:
    """Make what is missing, in a world that runs: the simulator forgets everything when it ends.

    Raises:
        CommandError: training or the push failed.
    """
    if not _offers(world, IMAGE, "sminference") or not _holds(world, "random-forest", RANDOM_FOREST):
        ensure_account(world)
        run(push_command(), world.client_environment())
        _upload(world, "random-forest", RANDOM_FOREST)
    model = _trained(world, "random-forest")
    return Assets(ecr_image_uri=IMAGE, model_data_url=model, role_arn=ROLE_ARN)


def ensure_samples(world: World) -> None:
    """Make what the samples name beside the recipe's model: the other one, and what stands before it in a pipeline.

    Raises:
        CommandError: training or the push failed.
    """
    if not _offers(world, PASSING_ON, PASSES_ON) or not _holds(world, "gradient-boosting", GRADIENT_BOOSTING):
        run(push_command(PASSING_ON, PASSES_ON), world.client_environment())
        _upload(world, "gradient-boosting", GRADIENT_BOOSTING)


def _trained(world: World, model: str) -> str:
    """The S3 URI of a model, which is trained and uploaded once in the life of the world's folder."""
    remembered = world.folder / f"{model}.uri"
    if not remembered.exists():
        command = training_command(world.folder / model, model=model, splits=MEASURED_SPLITS)
        write_atomically(remembered, run(command, world.client_environment()).split()[-1])
    return remembered.read_text()


def _upload(world: World, model: str, keys: tuple[str, ...]) -> None:
    """Put the model where it was uploaded to, which is forgotten if AWS is new, and under each of these keys."""
    uploaded = _trained(world, model).removeprefix(f"s3://{BUCKET}/")
    content = (world.folder / model / "model.tar.gz").read_bytes()
    for key in (uploaded, *keys):
        client(world, "s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def ensure_account(world: World) -> None:
    """The execution role that SageMaker may assume, and the bucket of the models."""
    iam = client(world, "iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName=ROLE, PolicyName="rollouts", PolicyDocument=EXECUTION)
    client(world, "s3").create_bucket(Bucket=BUCKET)


def _holds(world: World, model: str, keys: tuple[str, ...]) -> bool:
    """Whether the simulator has a model where an earlier `ensure` put it, and nobody has put anything else there.

    One that was restarted has nothing.
    """
    archive = world.folder / model / "model.tar.gz"
    if not archive.exists():
        return False
    digest = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()  # as S3 makes an ETag
    s3 = client(world, "s3")
    try:
        tags = {s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"') for key in keys}
    except ClientError:
        return False
    return tags == {digest}


def _offers(world: World, image: str, program: str) -> bool:
    """Whether ECR has an image that runs the program."""
    repository, _, tag = image.removeprefix(f"{REGISTRY}/").rpartition(":")
    try:
        found = client(world, "ecr").batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    except ClientError:
        return False
    return any(json.loads(each["imageManifest"])["annotations"][PROGRAM_ANNOTATION] == program for each in found)


def client(world: World, service: str, how: Config | None = None) -> Any:
    """A boto3 client of the simulator, whatever this process's own AWS settings are."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=world.aws_url,
        region_name=REGION,
        aws_access_key_id=world.aws_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=world.aws_environment["AWS_SECRET_ACCESS_KEY"],
        config=how,
    )


def run(command: list[str], environment: Mapping[str, str], *, cwd: Path | None = None) -> str:
    """What `command` printed; its program is looked for beside this Python first.

    Raises:
        CommandError: it ended with another code than 0.
    """
    program = shutil.which(command[0], path=f"{Path(sys.executable).parent}:{inherited().get('PATH', '')}")
    if program is None:
        raise CommandError(f"{command[0]} is not installed: run `make setup`")
    done = subprocess.run(
        [program, *command[1:]], env=dict(environment), cwd=cwd, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout

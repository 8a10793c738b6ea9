"""What a variant is made of and runs on."""

from smsandbox.testing.spec_cases.words import (
    ARTIFACT,
    ECR,
    ENVIRONMENT,
    IMAGE,
    ONE_MODEL,
    PC,
    PIPELINE_ALONE,
    PREFIX,
    SECRET,
    TWO_PLACES,
    V0,
    Spec,
    container,
    pipeline,
    serverless,
    spec,
    variant,
)

# What is wrong -> the spec, the field that the refusal points at, the sentence.
REFUSED: dict[str, tuple[Spec, str, str]] = {
    "no hosting": (
        spec(variant(instance=None)),
        V0,
        "a variant needs exactly one of instance and serverless",
    ),
    "two hostings": (
        spec(variant(serverless=PC)),
        V0,
        "a variant needs exactly one of instance and serverless",
    ),
    "no image": (spec(variant(image=None)), V0, "a variant needs exactly one of image and containers"),
    "image and containers": (
        spec(variant(modelArtifact=None, containers=[container(), container()])),
        V0,
        "a variant needs exactly one of image and containers",
    ),
    "an artifact beside containers": (
        spec(variant(image=None, containers=[container(), container()])),
        V0,
        PIPELINE_ALONE,
    ),
    "an environment beside containers": (
        pipeline(container(), container(), environment={"A": "1"}),
        V0,
        PIPELINE_ALONE,
    ),
    "a pipeline of one": (
        pipeline(container()),
        f"{V0}.containers",
        "a pipeline needs 2 to 15 containers: for a single container use image, modelArtifact and environment",
    ),
    "one hostname in a pipeline of two": (
        pipeline(container(hostname="a"), container()),
        f"{V0}.containers",
        "give a hostname to all containers of the pipeline, or to none",
    ),
    "one hostname twice": (
        pipeline(container(hostname="a"), container(hostname="a")),
        f"{V0}.containers",
        "each container of a pipeline needs a different hostname",
    ),
    "an environment of 33 KB over two containers": (
        pipeline(*[container(environment={f"A{number}": "x" * 1000 for number in range(17)})] * 2),
        V0,
        (
            "the environment of all containers of a variant has at most 32768 characters, names and values together:"
            " put larger settings into the model artifact"
        ),
    ),
    "many models in one archive": (
        spec(variant(multiModel=True)),
        f"{V0}.modelArtifact",
        "multiModel needs a modelArtifact that is a prefix and ends in /, such as s3://models/all/",
    ),
    "many serverless models": (
        serverless({"multiModel": True, "modelArtifact": PREFIX}),
        f"{V0}.serverless",
        ONE_MODEL,
    ),
    "a serverless pipeline": (
        serverless({"image": None, "modelArtifact": None, "containers": [container(), container()]}),
        f"{V0}.serverless",
        ONE_MODEL,
    ),
    "a serverless model that is not packed": (serverless({"modelArtifact": PREFIX}), f"{V0}.serverless", ONE_MODEL),
    "an image of Docker Hub": (spec(variant(image="library/nginx:1.27")), f"{V0}.image", IMAGE),
    "a container's image with a broken digest": (
        pipeline(container(), container(image=f"{ECR}@sha256:abc")),
        f"{V0}.containers[1].image",
        IMAGE,
    ),
    "an artifact that is not packed": (
        spec(variant(modelArtifact="s3://models/iris/model.pkl")),
        f"{V0}.modelArtifact",
        ARTIFACT,
    ),
    "a container's artifact that is not packed": (
        pipeline(container(), container(modelArtifact="s3://models/iris/model.pkl")),
        f"{V0}.containers[1].modelArtifact",
        ARTIFACT,
    ),
    "secrets beside containers": (
        pipeline(container(), container(), secrets={"A": SECRET}),
        V0,
        PIPELINE_ALONE,
    ),
    "one variable twice": (
        spec(variant(environment={"A": "1", "B": "2"}, secrets={"B": SECRET})),
        f"{V0}.secrets",
        TWO_PLACES,
    ),
    "one variable of a container twice": (
        pipeline(container(), container(environment={"B": "2"}, secrets={"B": SECRET})),
        f"{V0}.containers[1].secrets",
        TWO_PLACES,
    ),
    "101 variables": (
        spec(
            variant(
                environment={f"A{number}": "" for number in range(60)},
                secrets={f"B{number}": SECRET for number in range(41)},
            )
        ),
        f"{V0}.secrets",
        "a container can have at most 100 variables, in environment and secrets together",
    ),
    "a secret itself": (
        spec(variant(secrets={"A": "hunter2"})),
        f"{V0}.secrets[A]",
        "write the ARN of a secret, such as arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
    ),
    "a secret's name with a hyphen": (spec(variant(secrets={"DB-PASSWORD": SECRET})), f"{V0}.secrets", ENVIRONMENT),
    "an environment variable with a hyphen": (
        spec(variant(environment={"LOG-LEVEL": "info"})),
        f"{V0}.environment",
        ENVIRONMENT,
    ),
    "a container's environment variable with a digit in front": (
        pipeline(container(), container(environment={"1ST": "x"})),
        f"{V0}.containers[1].environment",
        ENVIRONMENT,
    ),
    "no instance type": (
        spec(variant(instance={"count": 1})),
        f"{V0}.instance",
        "instance needs exactly one of type and pools",
    ),
    "a type beside pools": (
        spec(variant(instance={"type": "ml.m5.large", "pools": [{"type": "ml.m5.xlarge"}]})),
        f"{V0}.instance",
        "instance needs exactly one of type and pools",
    ),
    "a type twice in the pools": (
        spec(variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.m5.large"}]})),
        f"{V0}.instance.pools",
        "name each instance type in pools once, in order of preference",
    ),
    "more provisioned than there may be": (
        serverless({"serverless": PC | {"provisionedConcurrency": 11}}),
        f"{V0}.serverless.provisionedConcurrency",
        "provisionedConcurrency must be at most maxConcurrency",
    ),
}

"""Rules of a variant: its containers, its hosting, and what of it scales."""

from smendpoints.api.rules.cel import Rule, count_of, every, has_pipeline, is_true, of_type, tracks_not

_ECR = (
    r"^[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9]([a-z0-9._/-]*[a-z0-9])?"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?$"
)
_ECR_SENTENCE = (
    "SageMaker only accepts images in Amazon ECR: write"
    " <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, or @sha256:<64 hex digits> instead of :<tag>"
)
_ARTIFACT_CEL = "self.endsWith('/') || self.endsWith('.tar.gz')"
_ARTIFACT_SENTENCE = "write one archive that ends in .tar.gz, or a prefix that ends in /"
_ENVIRONMENT_CEL = "self.all(k, k.size() <= 1024 && k.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))"
_ENVIRONMENT_SENTENCE = (
    "names of environment variables may contain letters, digits and _, must not begin with a digit, and may have at"
    " most 1024 characters"
)


def _size(container: str) -> str:
    """CEL: the characters of all its variables, names and values."""

    def of(variables: str) -> str:
        return f"(has({variables}) ? {variables}.map(k, k.size() + {variables}[k].size()).sum() : 0)"

    return f"{of(f'{container}.environment')} + {of(f'{container}.secrets')}"


def _variables(of: str) -> tuple[Rule, ...]:
    """Rules of what is in a container's environment; `of` is the type that holds it."""
    named = (Rule(f"{of}.{name}", _ENVIRONMENT_CEL, _ENVIRONMENT_SENTENCE) for name in ("environment", "secrets"))
    return (
        *named,
        Rule(
            of,
            "!has(self.secrets) || !has(self.environment) || self.secrets.all(k, !(k in self.environment))",
            "a variable is set both in environment and in secrets: remove one of the two",
            ".secrets",
        ),
        Rule(
            of,
            f"{count_of('self.environment')} + {count_of('self.secrets')} <= 100",
            "a container can have at most 100 variables, in environment and secrets together",
            ".secrets",
        ),
    )


VARIANT = (
    Rule(
        "Variant",
        "has(self.instance) != has(self.serverless)",
        "a variant needs exactly one of instance and serverless",
    ),
    Rule(
        "Variant",
        f"has(self.image) != ({has_pipeline('self')})",
        "a variant needs exactly one of image and containers",
    ),
    Rule(
        "Variant",
        f"!({has_pipeline('self')}) || (!has(self.modelArtifact) && {count_of('self.environment')} == 0"
        f" && {count_of('self.secrets')} == 0 && !{is_true('self.multiModel')})",
        "with containers, a variant cannot have modelArtifact, environment, secrets or multiModel: set modelArtifact,"
        " environment and secrets in the entries of containers",
        reason="FieldValueForbidden",
    ),
    Rule(
        "Variant",
        f"{count_of('self.containers')} != 1",
        "a pipeline needs 2 to 15 containers: for a single container use image, modelArtifact and environment",
        ".containers",
    ),
    Rule(
        "Variant",
        f"{every('self.containers', 'has(x.hostname)')} || {every('self.containers', '!has(x.hostname)')}",
        "give a hostname to all containers of the pipeline, or to none",
        ".containers",
    ),
    Rule(
        "Variant",
        every(
            "self.containers",
            "!has(x.hostname) || self.containers.exists_one(y, has(y.hostname) && y.hostname == x.hostname)",
        ),
        "each container of a pipeline needs a different hostname",
        ".containers",
    ),
    Rule(
        "Variant",
        f"{_size('self')} + (has(self.containers) ? self.containers.map(c, {_size('c')}).sum() : 0) <= 32768",
        "the environment of all containers of a variant has at most 32768 characters, names and values together:"
        " put larger settings into the model artifact",
    ),
    Rule(
        "Variant",
        f"!{is_true('self.multiModel')} || (has(self.modelArtifact) && self.modelArtifact.endsWith('/'))",
        "multiModel needs a modelArtifact that is a prefix and ends in /, such as s3://models/all/",
        ".modelArtifact",
    ),
    Rule(
        "Variant",
        f"!has(self.serverless) || (!{is_true('self.multiModel')} && !({has_pipeline('self')})"
        " && (!has(self.modelArtifact) || !self.modelArtifact.endsWith('/')))",
        "a serverless variant serves one model with one container: remove multiModel and containers, and use a"
        " modelArtifact that ends in .tar.gz; or use instance instead of serverless",
        ".serverless",
    ),
    Rule(
        "Variant",
        "!has(self.serverless) || !has(self.scaling) || has(self.serverless.provisionedConcurrency)",
        "scaling of a serverless variant changes its provisionedConcurrency: set it, or remove scaling",
        ".scaling",
    ),
    Rule(
        "Variant",
        "!has(self.serverless) || !has(self.scaling) || self.scaling.maxCapacity <= self.serverless.maxConcurrency",
        "scaling.maxCapacity of a serverless variant must be at most serverless.maxConcurrency",
        ".scaling",
    ),
    Rule(
        "Variant",
        "!has(self.serverless) || !has(self.scaling) || (!has(self.scaling.targetInvocationsPerInstance)"
        f" && {every('self.scaling.targetTracking', tracks_not('InvocationsPerInstance'))}"
        f" && {every('self.scaling.targetTracking', tracks_not('ConcurrentRequestsPerModel'))})",
        "this metric is not available for serverless variants: use a targetTracking entry with predefinedMetric"
        " ProvisionedConcurrencyUtilization",
        ".scaling",
    ),
    Rule(
        "Variant",
        "!has(self.instance) || !has(self.scaling)"
        f" || {every('self.scaling.targetTracking', tracks_not('ProvisionedConcurrencyUtilization'))}",
        "ProvisionedConcurrencyUtilization is only available for serverless variants: use InvocationsPerInstance or"
        " ConcurrentRequestsPerModel",
        ".scaling",
    ),
    Rule(
        "Variant",
        f"!has(self.scaling) || !({of_type('ml.t2.')('self')})",
        "burstable instances (ml.t2.*) cannot autoscale: use another type, such as ml.m5.large, or remove scaling",
        ".scaling",
        "FieldValueForbidden",
    ),
    Rule("Variant.image", f"self.matches(r'{_ECR}')", _ECR_SENTENCE),
    Rule("Variant.modelArtifact", _ARTIFACT_CEL, _ARTIFACT_SENTENCE),
    *_variables("Variant"),
    Rule("Container.image", f"self.matches(r'{_ECR}')", _ECR_SENTENCE),
    Rule("Container.modelArtifact", _ARTIFACT_CEL, _ARTIFACT_SENTENCE),
    *_variables("Container"),
    Rule(
        "Instance",
        f"has(self.type) != ({count_of('self.pools')} > 0)",
        "instance needs exactly one of type and pools",
    ),
    Rule(
        "Instance.pools",
        "self.all(p, self.exists_one(q, q.type == p.type))",
        "name each instance type in pools once, in order of preference",
    ),
    Rule(
        "Serverless",
        "!has(self.provisionedConcurrency) || self.provisionedConcurrency <= self.maxConcurrency",
        "provisionedConcurrency must be at most maxConcurrency",
        ".provisionedConcurrency",
    ),
)

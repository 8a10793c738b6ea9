"""What in a container's environment looks like a secret: by its name, or by the signs of a well-known kind of token.

The API server (RE2) and Python read the same expressions, so they keep to what both understand in the same way.
"""

import re

TELLING_NAME = (
    r"(?i)(PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$"
    r"|(^|_)(TOKEN|PASS|PWD)(_|$))"
)
"""Found in names of variables. `MAX_TOKENS` and `TOKENIZERS_PARALLELISM`, which many models take, are none of them."""

HARMLESS_VALUE = r"(|true|True|TRUE|false|False|FALSE|arn:aws[a-z-]*:.*|s3://.*)"
"""Whole values that are no secret under any name: nothing, a switch, and what says where a secret is."""

TELLING_VALUE = (
    r"(\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[oprsu]_[A-Za-z0-9]{20}|\bgithub_pat_[A-Za-z0-9_]{20}|\bglpat-[A-Za-z0-9_-]{20}"
    r"|\bhf_[A-Za-z0-9]{20}|\bsk-[A-Za-z0-9_-]{20}|\bxox[abprs]-[A-Za-z0-9-]{10}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/@: ]*:[^/@ ]+@)"
)
"""Found in values: keys of AWS, tokens of GitHub, GitLab, Hugging Face, OpenAI, Slack, JWTs, PEM, passwords in URLs."""


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable of that name and value looks like a secret."""
    if re.search(TELLING_VALUE, value, re.ASCII) is not None:
        return True
    return re.search(TELLING_NAME, name, re.ASCII) is not None and re.fullmatch(HARMLESS_VALUE, value, re.ASCII) is None

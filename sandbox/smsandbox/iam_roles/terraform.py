"""The documents as locals of the Terraform modules of `manifests/iam/terraform`, whose `main.tf` make roles of them.

An object of JSON is an expression of Terraform, with `${...}` in the place of values; the text is as `terraform fmt`
writes it. Not here: variables and resources, which nothing has to be made of.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from smsandbox.iam_roles import documents

HEADER = "# Made of the JSON documents of manifests/iam by `make iam`. Do not edit.\n"
EXPRESSIONS = {
    "OPERATOR_ROLE_ARN": "${var.operator_role_arn}",
    "SERVICE_ACCOUNT": "${var.service_account}",
    "OIDC_PROVIDER": "${var.oidc_provider}",
    "EXTERNAL_ID": "${var.external_id}",
    "CLUSTER_ID": "${var.cluster_id}",
    "REPOSITORY": "${var.repository}",
    "ACCOUNT_ID": "${data.aws_caller_identity.current.account_id}",
    "NAMESPACE": "${var.namespace}",
    "BUCKET": "${var.bucket}",
    "REGION": "${data.aws_region.current.region}",
}
"""What stands in the modules for the words of the documents."""
PARTITION = "${data.aws_partition.current.partition}"
SUFFIX = "${data.aws_partition.current.dns_suffix}"
_ALONE = re.compile(r'"\$\{([^{}"]+)\}"(?! :)')  # a text that is one expression, and no key


def files() -> dict[str, str]:
    """The text of each module's `documents.tf` by its path below the folder of the documents."""
    return {
        "terraform/operator-role/documents.tf": _locals(
            {
                "policy": documents.operator_policy("${var.execution_role_arns}"),
                "optional_policy": documents.document(documents.OPTIONAL),
                "trusts": {each: documents.document(f"operator-trust-{each}") for each in documents.TRUSTS},
            }
        ),
        "terraform/execution-role/documents.tf": _locals(
            {"policy": documents.document("execution-policy"), "trust": documents.document("execution-trust")}
        ),
    }


def _locals(values: Mapping[str, Any]) -> str:
    return HEADER + "locals {\n" + "\n".join(f"  {name} = {_text(each)}\n" for name, each in values.items()) + "}\n"


def _text(value: Any) -> str:
    plain = json.dumps(value, indent=2, separators=(",", " : ")).replace("\n", "\n  ")
    text = documents.substituted(plain, EXPRESSIONS, partition=PARTITION, suffix=SUFFIX)
    return _ALONE.sub(r"\1", text)

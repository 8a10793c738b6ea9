"""How a field's name is written in a manifest: as the AWS field in camelCase, with acronyms in capitals."""

_ACRONYMS = {
    "arn": "ARN",
    "arns": "ARNs",
    "aws": "AWS",
    "gb": "GB",
    "id": "ID",
    "ids": "IDs",
    "mb": "MB",
    "uid": "UID",
    "uri": "URI",
    "url": "URL",
    "usd": "USD",
}


def camel(name: str) -> str:
    """The field's name in the manifest: `kms_key_id` is `kmsKeyID`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in rest)

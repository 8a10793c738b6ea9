"""How the operator presents itself where it assumes a role: the name and the tags of its session, for CloudTrail."""

import hashlib
import re

LOOKS = "smendpoints"
_LONGEST = 64
_HASH = 8
_NOT_ALLOWED = re.compile(r"[^\w+=,.@-]", re.ASCII)


def session_name(cluster: str, namespace: str | None) -> str:
    """`<cluster>.<namespace>` for what is changed for a namespace; looks are everybody's, under one name.

    STS takes 64 characters of letters, digits and `+=,.@_-`: what does not fit is cut, the cluster before the
    namespace, and what was cut or replaced has a hash, so that no two namespaces share a name.
    """
    if namespace is None:
        return LOOKS
    whole = f"{cluster}.{namespace}"
    fits = _NOT_ALLOWED.sub("-", whole)
    if fits == whole and len(whole) <= _LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH]
    room = _LONGEST - _HASH - 2  # a dot and a hyphen
    shown = namespace[: room - min(len(cluster), 8)]
    return _NOT_ALLOWED.sub("-", f"{cluster[: room - len(shown)]}.{shown}-{digest}")


def session_tags(cluster: str, namespace: str | None) -> dict[str, str]:
    """What a trust policy or `aws:PrincipalTag` may ask for."""
    tags = {"smendpoints.dev/cluster": cluster}
    return tags if namespace is None else {**tags, "smendpoints.dev/namespace": namespace}

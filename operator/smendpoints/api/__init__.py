"""The custom resource's types: the one source of truth for fields, documentation, defaults and bounds.

Not here: anything that reads or writes. `crds/` is generated from these models (see `crd`).
"""

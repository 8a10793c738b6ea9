"""The roles of operator and models for tools that make them, all made of the JSON documents of `manifests/iam`.

`python -m smsandbox.iam_roles [--check]`; `make iam` runs it. Not here: what the documents say.
"""

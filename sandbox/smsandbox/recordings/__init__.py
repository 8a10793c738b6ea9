"""What each verb of `kubectl smendpoint` prints, as really seen: typed into a terminal, against a sandbox that is up.

`make recordings` runs `python -m smsandbox.recordings docs/recordings`; `make docs` puts the files into docs/cli.md.
"""

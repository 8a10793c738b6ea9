"""A life of one endpoint, from `kubectl apply` to nothing left, on a real cluster and account as on the sandbox.

`life` is what happens, `claims` what the simulator says AWS answers, `settings` what the user has to say first, and
`sweep` takes away all that a run left. Nothing here knows whether AWS is real.
"""

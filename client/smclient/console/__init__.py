"""The console: a page on this machine for who looks at endpoints, asks them and changes them.

A face over the library, as `cli` is another one: everything is done by the user's own kubeconfig and AWS credentials,
in this process. It listens on loopback alone, and ends with its terminal. Not here: a service for several people.
"""

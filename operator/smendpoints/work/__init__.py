"""The operator at work: which object is due, whose turn it is, and one reconcile of it in a thread."""

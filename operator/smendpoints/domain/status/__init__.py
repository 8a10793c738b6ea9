"""What the user is told: status, conditions, history, and what is kept there for the next reconcile."""

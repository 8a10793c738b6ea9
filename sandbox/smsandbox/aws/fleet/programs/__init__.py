"""Small programs for tests and trials that keep (or break) SageMaker's container contract; see `programs.NAMES`."""

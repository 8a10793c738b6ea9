"""What stands between the objects of a cluster: claimed names, policies, limits, and what is in force for each."""

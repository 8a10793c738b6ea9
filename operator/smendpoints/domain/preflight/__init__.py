"""What a launch needs of AWS beforehand: roles, artifacts, quotas. What is asked, not the asking."""

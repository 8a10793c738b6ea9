"""What shared listings show of all endpoints of a place, and what has moved. One endpoint alone is `aws.observe`'s."""

"""What AWS shows, as frozen values, and how it compares with what is wanted. Knows nothing of what is to be done."""

"""What an account needs before its first endpoint, and its removal: see `preparation`."""

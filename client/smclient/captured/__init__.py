"""What an endpoint's requests and answers were, as data capture wrote them, and what came of them. Pure."""

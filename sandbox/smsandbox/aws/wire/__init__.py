"""AWS's protocols: HTTP requests to API calls, answers to HTTP responses. Knows no service."""

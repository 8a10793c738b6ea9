"""What the spec wants, in AWS's terms: names, requests, owners, hours. Knows nothing of what AWS shows."""

"""What the Playground computes: forms, uploads, answers, pictures, requests to copy. Knows neither Flask nor AWS."""

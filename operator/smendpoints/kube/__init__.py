"""The API server: single requests, what is written of an object, and what is read again. What watches is kopf's."""

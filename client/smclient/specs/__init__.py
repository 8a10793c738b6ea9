"""Specs computed with: made of what AWS shows, compared, merged. Pure."""

"""Measurements of connect-at-rest, side by side with others."""

"""What AWS does not have: the control API under /_simulator, the comparison, and the page."""

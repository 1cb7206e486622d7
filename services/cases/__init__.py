"""Amazon Connect Cases."""

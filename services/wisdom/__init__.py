"""Amazon Connect Wisdom."""

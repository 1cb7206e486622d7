"""The tests of connect-at-rest; they speak through the front door."""

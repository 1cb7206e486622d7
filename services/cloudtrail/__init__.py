"""AWS CloudTrail: looking up the events of the caller's account."""

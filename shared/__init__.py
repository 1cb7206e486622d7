"""What every service stands on: wire protocol, identity, policies, storage, audit, clock and jobs."""

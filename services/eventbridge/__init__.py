"""Amazon EventBridge: event buses, rules, targets, and the delivery of events to queues."""

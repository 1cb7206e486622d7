"""Amazon SQS: standard queues."""

"""The KMS engine: a plain Python library. It knows no web framework and no AWS error envelope."""

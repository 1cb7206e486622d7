"""One package per AWS service: each a Flask blueprint over the KMS engine and the encrypted store."""

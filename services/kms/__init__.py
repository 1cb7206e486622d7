"""AWS KMS on the wire: the engine's operations under AWS's names."""

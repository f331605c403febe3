"""What crosses the network: models, codes, the message stream and the draft. No I/O."""

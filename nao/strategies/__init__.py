"""Who proposes architectures: NAO and its baselines, one protocol."""

"""How telephone providers want to be spoken to: one documented data file a provider (`*.toml`)."""

"""Population based training of the jobs of a group: exchanges, perturbed numbers, lineage."""

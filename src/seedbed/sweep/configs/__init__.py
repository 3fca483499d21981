"""From overrides to the composed config of each job."""

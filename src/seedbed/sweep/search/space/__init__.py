"""Space of a search: what its trials may have, as words of the command line and in YAML say it."""

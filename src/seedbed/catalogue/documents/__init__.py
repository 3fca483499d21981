"""Documents that are filled from folders: what a run, a sweep or many of them were."""

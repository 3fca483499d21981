"""Queue of the units of a sweep, as files of its folder: claimed by renaming, without a server."""

"""Networks of many jobs made alike: what differs from job to job is a number of its buffers."""

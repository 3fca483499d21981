"""Who works on a sweep by now, as files in its folder say, and how it is asked to stop."""

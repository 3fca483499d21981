"""JSON documents of the verbs: their typed classes, and the way to stdout."""

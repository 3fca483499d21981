"""Folders of images: what lies in them, in which split it is, and what its targets are."""

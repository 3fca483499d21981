"""The config: its types, its checks, and errors of composition in plain words."""

"""A verb as an application: its config is composed, checked and run, from a shell or Python."""

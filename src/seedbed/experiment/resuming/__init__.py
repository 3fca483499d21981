"""What the record and the terminal say of a run that goes on."""

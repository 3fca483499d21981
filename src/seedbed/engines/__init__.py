"""What trains: Lightning for one run, one tensor program for many."""

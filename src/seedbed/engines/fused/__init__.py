"""Many runs as one tensor program."""

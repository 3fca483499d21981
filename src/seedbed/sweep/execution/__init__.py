"""The running of a sweep: its controller, its workers, its launcher."""

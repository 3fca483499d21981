"""Workers of a sweep as tasks of Ray.

A process of its own, the starter, is Ray's driver: it connects, hands out the tasks and says how
they end. Ray takes liberties with its driver that the controller of a sweep must not suffer: it
prints onto its output, handles SIGTERM, waits for minutes for an address that is silent, and ends
the process when the head node has gone.
"""

"""How a run goes on where it stopped: to the digits of an undisturbed one, or as is asked."""

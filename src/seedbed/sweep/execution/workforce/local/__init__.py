"""Workers in processes of this machine, forked off a server that has imported what they need."""

"""The verbs that train, as functions: compose, train, sweep."""

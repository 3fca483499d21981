"""Documents of the verbs that read runs and rows; imported where one is asked for."""

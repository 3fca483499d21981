"""Report page: a typed document, and the one HTML file that shows it without a network."""

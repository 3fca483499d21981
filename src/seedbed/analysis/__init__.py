"""Analysis of trained models: exact solutions and loss landscapes."""

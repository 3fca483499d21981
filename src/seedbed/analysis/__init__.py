"""What is computed about a trained model: exact solutions, loss landscapes."""

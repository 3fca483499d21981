"""What follows a cross-validation: out-of-fold predictions, and the model of all rows."""

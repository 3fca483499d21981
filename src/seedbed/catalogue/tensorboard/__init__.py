"""What TensorBoard shows of runs and sweeps: their names there."""

"""Arrays of the user's own: files of NumPy and safetensors, and targets that are classes."""

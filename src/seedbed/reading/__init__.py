"""Reading of files that anybody may have written: within limits, and checked before use."""

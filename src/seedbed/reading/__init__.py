"""Reading of files that anybody may have written: with limits, and checked before anything is used."""

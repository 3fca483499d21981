"""Files of tables: what is in them, whatever wrote them, as columns of polars."""

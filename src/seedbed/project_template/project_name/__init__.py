"""Models, data and training of project_name; configs/ names what is here."""

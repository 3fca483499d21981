"""Jobs that several workers share: into how many chunks groups are cut, and who has what memory."""

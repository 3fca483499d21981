"""Page of a sweep: what its folder, its plan and its table tell, as a part of a document."""

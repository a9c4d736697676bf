"""What must hold whatever anybody does: one function for each invariant, named by its id in the catalogue."""

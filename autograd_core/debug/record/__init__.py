"""Events of the engine into a trace: appended while the program runs, folded in batches."""

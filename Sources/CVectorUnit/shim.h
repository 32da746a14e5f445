// One-instruction vector wrappers and the processor feature query. No logic.

"""Evidence packs: what an assessor is given, cut from the store at a checkpoint of the log."""

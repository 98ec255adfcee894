"""From pictures to masks: one picture, whole folders, and what there is to look at. Needs no torch."""

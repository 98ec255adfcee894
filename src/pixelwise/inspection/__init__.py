"""Look through a whole data set and say what is wrong with it, why that hurts, and how to mend it."""

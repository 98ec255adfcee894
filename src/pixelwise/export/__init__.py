"""Write a trained network for other runtimes, and prove that it computes the same."""

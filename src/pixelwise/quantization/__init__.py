"""Networks in 8-bit integers: fitted to the user's pictures, and bound in what they lose."""

"""What the application needs of the world, as protocols, and the values that pass through them."""

"""Parameters of a deployment: what people write, checked, and what contracts take."""

"""What a chain's figures say: books, gas, sizes, quotes."""

"""A real crash on the real bytecode: many leveraged accounts, live keepers, and what the insurance pays."""

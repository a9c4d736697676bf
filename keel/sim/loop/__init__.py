"""The closed loop: a crowd moves the premium, funding follows, arbitrage closes it; on the real bytecode."""

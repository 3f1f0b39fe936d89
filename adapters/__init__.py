"""The outside: stores, pages, files, people's devices. Only here do clocks, sockets and randomness live."""

"""The process that a run lives in: memory, hosts, compiling, interrupts."""

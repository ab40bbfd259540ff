"""Pure policy: what must be proven, what a proof is worth, when a guess must wait. No I/O, no clock."""

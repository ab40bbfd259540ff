"""The sign-in: one dispatcher that asks what is still to be proven, and the session that keeps what was."""

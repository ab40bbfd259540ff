"""The commands of `idp`, one file each."""

"""Ways of proving who you are, one file each. They know no web, no database, no clock: they return what to do."""

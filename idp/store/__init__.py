"""What lasts: tables, one file of queries per aggregate, migrations. SQLite or PostgreSQL, the same statements."""

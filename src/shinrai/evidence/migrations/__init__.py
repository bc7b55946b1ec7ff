"""Migrations of the embedded database, in order; a migration that was released is never edited."""

"""Alembic's entry: run the migrations on the connection that `open_database` hands over."""

from alembic import context

from shinrai.evidence.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()

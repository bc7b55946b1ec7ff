"""One run shared by several machines: chunks of its plan as durable jobs in PostgreSQL.

A coordinator shares a run; workers take its chunks, ask the target with the engine and hand each chunk's journal back;
the coordinator puts the journals together. Needs the extra `workers`. What goes through the database: the suite, the
description of the target with references instead of keys, and the samples themselves.
"""

from shinrai.evaluate.workers.order import Order, order_for, planned

__all__ = ["Order", "order_for", "planned"]

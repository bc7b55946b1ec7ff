"""An audit of arrays or a frame."""


class AuditFrame:
    """Placeholder."""

"""Values of the data as literals of DuckDB's SQL."""


def literal(value: object) -> str:
    """Write a value so that it reads back as the same one."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            # A NUL would end the text of the query.
            return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in value.split("\0"))
        case float():
            return f"CAST('{value!r}' AS DOUBLE)"
        case _:
            return str(value)

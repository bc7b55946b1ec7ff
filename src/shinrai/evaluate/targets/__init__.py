"""How to reach what is measured. The first kind is a table of decisions (`table`)."""

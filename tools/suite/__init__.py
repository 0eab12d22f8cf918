"""The driver of `make test`: stages in two lanes, and one truthful count at the end."""

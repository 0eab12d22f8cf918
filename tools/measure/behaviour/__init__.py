"""What ends a session, measured; `python -m tools.measure.behaviour` writes the page about it.

Sessions of every shell, in every situation, on every release, under one limit at a time: whatever
ends one was that limit. That nothing else would have is measured too.
"""

"""Real hosts to test on: systemd and sshd in containers, made from nothing but a Debian mirror.

`python -m tools.lab up debian12` makes a host, `... status` and `... inventory` tell about it,
`... down` removes it. Only the standard library is used, so that this runs before any
virtual environment exists.
"""

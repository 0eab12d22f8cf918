"""Generated configurations and login files, held against the real sshd and the real shells."""

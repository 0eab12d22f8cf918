"""What we believe about sshd's configuration, held against the real sshd on generated trees."""

#!/bin/sh
# Runs inside a new image: what a test host has beyond Debian's own defaults.

# A person to log in as. "*" is no password, and unlike "!" it is not a locked account.
useradd --create-home --shell /bin/bash --password '*' ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops
chmod 0440 /etc/sudoers.d/ops

# The key is bound over these at start.
for home in /root /home/ops; do
    install -d -m 0700 "$home/.ssh"
    touch "$home/.ssh/authorized_keys"
done
chown -R ops: /home/ops/.ssh


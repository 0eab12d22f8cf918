# shellcheck shell=sh
# The same with runit: nothing before its services, and sshd alone is one.
printf '#!/bin/sh\n' > /etc/runit/1
printf '#!/bin/sh\n' > /etc/runit/3
chmod 0755 /etc/runit/1 /etc/runit/3
rm -f /etc/service/* /etc/runit/runsvdir/default/*
ln -s /etc/sv/ssh /etc/runit/runsvdir/default/ssh

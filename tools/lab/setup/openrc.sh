# shellcheck shell=sh
# The same with OpenRC: no service at all before the runlevel `default`, and sshd alone there.
rm -f /etc/runlevels/*/*
ln -s /etc/init.d/ssh /etc/runlevels/default/ssh
cat > /etc/inittab <<'END'
id:2:initdefault:
l2:2:wait:/sbin/openrc default
END

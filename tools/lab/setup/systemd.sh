# shellcheck shell=sh
# A privileged container shares the kernel and its consoles with the machine: hands off both.
systemctl mask getty.target console-getty.service systemd-sysctl.service \
    systemd-modules-load.service systemd-remount-fs.service systemd-random-seed.service \
    systemd-binfmt.service sys-kernel-debug.mount \
    sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer

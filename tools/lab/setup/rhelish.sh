#!/bin/sh
# Runs before init: gives a Debian host the login files, the sshd files and the unit that RHEL has.

# The main file is for root alone and reads the vendor's drop-in first.
cat > /etc/ssh/sshd_config.d/50-redhat.conf <<'END'
SyslogFacility AUTHPRIV
ChallengeResponseAuthentication no
GSSAPIAuthentication yes
GSSAPICleanupCredentials no
UsePAM yes
X11Forwarding yes
PrintMotd no
END
cat > /etc/ssh/sshd_config <<'END'
#	Defaults are shown commented out.

# System-wide drop-ins come first.
Include /etc/ssh/sshd_config.d/*.conf

#Port 22
#AddressFamily any
#ListenAddress 0.0.0.0

#PermitRootLogin prohibit-password
AuthorizedKeysFile	.ssh/authorized_keys

#TCPKeepAlive yes
#PermitUserEnvironment no
#Compression delayed
#ClientAliveInterval 0
#ClientAliveCountMax 3
#UseDNS no

Subsystem	sftp	/usr/lib/openssh/sftp-server
END
chmod 0600 /etc/ssh/sshd_config /etc/ssh/sshd_config.d/50-redhat.conf

# The unit is called sshd, and a reload does not check the configuration first.
sed -e '/^Alias=/d' -e '/^ExecReload=.*sshd -t/d' /lib/systemd/system/ssh.service \
    > /etc/systemd/system/sshd.service.new
rm -f /etc/systemd/system/sshd.service /etc/systemd/system/multi-user.target.wants/ssh.service
mv /etc/systemd/system/sshd.service.new /etc/systemd/system/sshd.service
ln -sf /etc/systemd/system/sshd.service /etc/systemd/system/multi-user.target.wants/sshd.service
ln -sf /dev/null /etc/systemd/system/ssh.service

# /etc/profile reads profile.d and then /etc/bashrc, which reads profile.d again for shells that
# are no login shells. Debian's own /etc/bash.bashrc has no counterpart there.
rm -f /etc/bash.bashrc
cat > /etc/profile <<'END'
# System-wide environment and startup programs, for login setup

pathmunge () {
    case ":${PATH}:" in
        *:"$1":*) ;;
        *) PATH=$PATH:$1 ;;
    esac
}

pathmunge /usr/sbin
pathmunge /usr/local/sbin
export PATH

for i in /etc/profile.d/*.sh /etc/profile.d/sh.local; do
    if [ -r "$i" ]; then
        if [ "${-#*i}" != "$-" ]; then
            . "$i"
        else
            . "$i" >/dev/null
        fi
    fi
done

unset i
unset -f pathmunge

if [ -n "${BASH_VERSION-}" ]; then
    if [ -f /etc/bashrc ]; then
        . /etc/bashrc
    fi
fi
END
cat > /etc/bashrc <<'END'
# System-wide functions and aliases

if [ -z "$BASHRCSOURCED" ]; then
    BASHRCSOURCED="Y"

    read_profile_d () {
        local i
        for i in /etc/profile.d/*.sh; do
            if [ -r "$i" ]; then
                if [ "$PS1" ]; then
                    . "$i"
                else
                    . "$i" >/dev/null
                fi
            fi
        done
    }

    if ! shopt -q login_shell; then
        read_profile_d
    fi
    unset -f read_profile_d
fi
END
for home in /etc/skel /root /home/ops; do
    printf '%s\n' 'if [ -f /etc/bashrc ]; then' '    . /etc/bashrc' 'fi' > "$home/.bashrc"
    printf '%s\n' 'if [ -f ~/.bashrc ]; then' '    . ~/.bashrc' 'fi' > "$home/.bash_profile"
    rm -f "$home/.profile"
done
chown ops: /home/ops/.bashrc /home/ops/.bash_profile

# zsh reads /etc/profile, but inside a function, where a declaration stays local.
cat > /etc/zsh/zprofile <<'END'
read_etc_profile () {
    emulate -L ksh
    if [ -f /etc/profile ]; then
        source /etc/profile
    fi
}
read_etc_profile
unset -f read_etc_profile
END

exec /sbin/init

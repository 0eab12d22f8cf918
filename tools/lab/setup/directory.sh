# shellcheck shell=sh
# A directory with 200 people beside /etc/passwd, of whom one is in a group of the directory.
shells='/bin/bash /usr/bin/zsh /usr/bin/fish /bin/dash /bin/ksh93 /bin/mksh'
base=$(slapcat -n 1 | sed -n 's/^dn: //p' | head -n 1)
{
    printf 'dn: ou=people,%s\nobjectClass: organizationalUnit\nou: people\n\n' "$base"
    printf 'dn: ou=groups,%s\nobjectClass: organizationalUnit\nou: groups\n\n' "$base"
    printf 'dn: cn=crew,ou=groups,%s\nobjectClass: posixGroup\ncn: crew\n' "$base"
    printf 'gidNumber: 20500\nmemberUid: dir001\n\n'
    number=0
    while [ $number -lt 200 ]; do
        number=$((number + 1))
        name=$(printf 'dir%03d' $number)
        # shellcheck disable=SC2086  # a list of words
        set -- $shells
        shift $(((number - 1) % 6))
        printf 'dn: uid=%s,ou=people,%s\n' "$name" "$base"
        printf 'objectClass: account\nobjectClass: posixAccount\n'
        printf 'uid: %s\ncn: %s\nuidNumber: %s\n' "$name" "$name" $((20000 + number))
        printf 'gidNumber: 100\nhomeDirectory: /home/%s\nloginShell: %s\n\n' "$name" "$1"
        install -d -m 0700 -o $((20000 + number)) -g 100 "/home/$name"
        touch "/home/$name/.zshrc" "/home/$name/.hushlogin" # or a first login is asked questions
    done
} > /tmp/people.ldif
slapadd -n 1 -l /tmp/people.ldif
rm /tmp/people.ldif
chown -R openldap:openldap /var/lib/ldap

cat > /etc/nslcd.conf <<END
uid nslcd
gid nslcd
uri ldapi:///
base $base
END
chmod 0640 /etc/nslcd.conf
chgrp nslcd /etc/nslcd.conf
sed -i -E 's/^(passwd|group|shadow):.*/\1: files ldap/' /etc/nsswitch.conf

# Whoever has the lab's key is let in as anybody of the directory.
cat > /etc/ssh/sshd_config.d/keys.conf <<'END'
AuthorizedKeysCommand /usr/bin/cat /root/.ssh/authorized_keys
AuthorizedKeysCommandUser root
END

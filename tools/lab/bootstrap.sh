#!/bin/sh
# Makes a bare Debian machine ready: sh tools/lab/bootstrap.sh remote|apply|quick|test
# Installs the Debian packages that are missing (after listing them) and the pinned Python
# packages into .venv. Does nothing, quickly, when everything is there.
set -eu
cd "$(dirname "$0")/../.."

remote="python3 python3-venv openssh-client"
hosts="podman crun netavark iptables nftables mmdebstrap debian-archive-keyring util-linux"
quick="python3 python3-venv openssh-client openssh-server gcc libc6-dev busybox bash dash zsh ksh mksh tcsh tmux vim util-linux acl attr patch strace shellcheck"
browser="chromium chromium-driver fonts-dejavu-core"
case $1 in
    remote) packages=$remote requirements=tests/requirements-apply.txt ;;
    apply) packages="$remote $hosts" requirements=tests/requirements-apply.txt ;;
    quick) packages=$quick requirements=tests/requirements.txt ;;
    test) packages="$quick $hosts $browser" requirements=tests/requirements.txt ;;
    *) echo "usage: $0 remote|apply|quick|test" >&2; exit 2 ;;
esac

say() { echo "bootstrap: $*" >&2; }

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# On a machine that had no sshd, a test must not leave one listening.
install_packages() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod 0755 $policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    mkdir -p .cache
    # shellcheck disable=SC2086  # a list of words
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $1; } > .cache/apt.log 2>&1 < /dev/null; then
        tail -20 .cache/apt.log >&2
        exit 1
    fi
    case " $1 " in
        *" openssh-server "*) systemctl disable --now ssh.service ssh.socket 2>/dev/null || : ;;
    esac
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
if [ -n "$missing" ]; then
    say "installing these Debian packages:$missing"
    [ "$(id -u)" = 0 ] || { say "run this as root, or install them yourself"; exit 1; }
    install_packages "$missing"
fi

# Debian's own Python first: it is the one that apt completes with venv.
usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
find_python() {
    for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    say "no Python 3.11 or later (with venv) found"
    return 1
}

wanted=$(cat "$requirements" tests/constraints.txt | cksum)
stamp=.venv/.$(basename "$requirements")
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0
python=$(find_python)
[ -x .venv/bin/python ] || "$python" -m venv .venv
say "installing the packages of $requirements into .venv ($("$python" -V), about half a minute)"
.venv/bin/python -m pip install -qq --disable-pip-version-check -r "$requirements"
echo "$wanted" > "$stamp"

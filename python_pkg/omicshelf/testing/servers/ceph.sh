#!/bin/bash
# One-node Ceph (mon, mgr, osd, radosgw) that speaks S3, for tests: on loopback, on free ports, in
# one folder. Debian: ceph-mon ceph-mgr ceph-osd radosgw ceph-common.
#
#   ceph.sh up FOLDER     starts it; prints AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and
#                         AWS_SECRET_ACCESS_KEY, which are in FOLDER/s3.env from then on
#   ceph.sh down FOLDER   stops it by the pids of its own daemons, and removes the folder
#
# Environment: CEPH_DISK_MB (8192), the size of the sparse file that holds the objects;
# CEPH_OWNER, the pid of a process at whose end it is stopped.
set -euo pipefail

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
action=$1 folder=$(realpath -m "$2")
export CEPH_CONF=$folder/ceph.conf

stop() {
    local file pid
    for daemon in client.rgw osd.0 mgr.x mon.a; do
        file=$folder/run/$daemon.pid
        [ -s "$file" ] || continue
        pid=$(<"$file")
        # A pid is given again some day: only a process that names our folder is ours.
        if [ -r "/proc/$pid/environ" ] && grep -qzF "CEPH_CONF=$CEPH_CONF" "/proc/$pid/environ"; then
            kill "$pid" 2>/dev/null || true
            for _ in $(seq 50); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
            kill -9 "$pid" 2>/dev/null || true
        fi
    done
    rm -rf "$folder"
}

free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[one.getsockname()[1] for one in held])
PYTHON
}

configure() {
    cat >"$CEPH_CONF" <<CONF
[global]
    fsid = $(cat /proc/sys/kernel/random/uuid)
    mon host = v1:127.0.0.1:$mon_port
    public addr = 127.0.0.1
    cluster addr = 127.0.0.1
    ms bind msgr2 = false
    auth cluster required = none
    auth service required = none
    auth client required = none
    keyring = $folder/keyring
    run dir = $folder/run
    admin socket = $folder/run/\$name.asok
    pid file = $folder/run/\$name.pid
    log file = $folder/log/\$name.log
    crash dir = $folder/crash
    # One copy of everything: these are tests.
    osd pool default size = 1
    osd pool default min size = 1
    osd pool default pg num = 8
    osd crush chooseleaf type = 0
    mon allow pool size one = true
    mon data avail crit = 1
    mon data avail warn = 2
    setuser match path = $folder
[mon.a]
    mon data = $folder/mon
    mon addr = v1:127.0.0.1:$mon_port
[mgr.x]
    mgr data = $folder/mgr
[osd.0]
    osd data = $folder/osd
    osd objectstore = bluestore
    bluestore block size = $((${CEPH_DISK_MB:-8192} * 1048576))
    osd memory target = 939524096
    # It enters itself at its start with a command that names the cluster before it has heard which
    # one that is, and is refused ("wrong fsid"), always on a busy machine: it is entered below.
    osd crush update on start = false
    osd class update on start = false
[client.rgw]
    rgw frontends = beast endpoint=127.0.0.1:$s3_port
    rgw enable usage log = false
    rgw enable ops log = false
CONF
}

# A monitor that has just started refuses now and then ("problem getting command descriptions"),
# though it listens. Each command that is given so may be given twice.
patiently() {
    for _ in $(seq 20); do
        "$@" && return
        sleep 0.5
    done
    "$@"
}

start() {
    mkdir -p "$folder"/{mon,mgr,osd,run,log,crash}
    read -r mon_port s3_port < <(free_ports 2)
    configure
    ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$folder/keyring" --gen-key -n client.admin \
        --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    monmaptool --create --addv a "[v1:127.0.0.1:$mon_port]" \
        --fsid "$(sed -n 's/ *fsid = //p' "$CEPH_CONF")" "$folder/monmap"
    ceph-mon --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
    ceph-mon -i a
    ceph-mgr -i x
    osd_id=$(cat /proc/sys/kernel/random/uuid)
    patiently ceph osd new "$osd_id" 0
    ceph-osd -i 0 --mkfs --osd-uuid "$osd_id"
    patiently ceph osd crush add osd.0 1.0 root=default host=one
    ceph-osd -i 0
    radosgw -n client.rgw
    for _ in $(seq 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$s3_port") 2>/dev/null && break
        sleep 0.2
    done
    access_key=$(python3 -c 'import secrets; print(secrets.token_hex(10))')
    secret=$(python3 -c 'import secrets; print(secrets.token_hex(20))')
    patiently radosgw-admin user create --uid=omicshelf --display-name=omicshelf \
        --access-key="$access_key" --secret-key="$secret"
    cat >"$folder/s3.env.part" <<ENV
AWS_ENDPOINT_URL=http://127.0.0.1:$s3_port
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret
ENV
    mv "$folder/s3.env.part" "$folder/s3.env"
}

watch_owner() {
    while [ -d "/proc/$CEPH_OWNER" ]; do sleep 1; done
    stop
}

case $action in
up)
    [ ! -e "$folder/ceph.conf" ] || { echo "There is a Ceph in $folder already." >&2; exit 1; }
    mkdir -p "$folder"
    # In a shell of its own, where the first command that fails is the last.
    if ! "$BASH" "$0" start "$folder" >"$folder.log" 2>&1; then
        tail -20 "$folder.log" >&2
        stop
        exit 1
    fi
    rm -f "$folder.log"
    if [ -n "${CEPH_OWNER:-}" ]; then
        setsid "$BASH" "$0" watch "$folder" </dev/null >/dev/null 2>&1 &
    fi
    cat "$folder/s3.env"
    ;;
start) start ;;
watch) watch_owner ;;
down) stop ;;
*) usage ;;
esac

# shellcheck shell=dash disable=SC1091
# Ignition in miniature, sourced by init: users, files and units of a configuration of spec 2.x or 3.x are stored where they belong;
# the oneshot services that are enabled are run in the order they are listed. No disks, no raid, no links.

decode() { # decode URL TARGET: a data URL is decoded, anything else is fetched
    case "$1" in
    "data:;base64,"* | "data:"*";base64,"*) printf '%s' "${1#*,}" | base64 -d >"$2" ;;
    data:*) busybox httpd -d "${1#*,}" >"$2" ;;
    "") : >"$2" ;;
    *) wget -q -O "$2" "$1" ;;
    esac
}

apply_user() {
    local name=$1 hash=$2 keys=$3 home=/root id
    if [ "$name" != root ]; then
        home=/home/$name
        id=$((1000 + $(wc -l </etc/passwd)))
        grep -q "^$name:" /etc/passwd || {
            echo "$name:x:$id:$id:$name:$home:/bin/sh" >>/etc/passwd
            echo "$name:x:$id:" >>/etc/group
            echo "$name:*:20000:0:99999:7:::" >>/etc/shadow
        }
    fi
    [ -z "$hash" ] || awk -F: -v OFS=: -v n="$name" -v h="$hash" '$1 == n {$2 = h} {print}' /etc/shadow >/run/shadow
    [ -z "$hash" ] || cat /run/shadow >/etc/shadow
    mkdir -p "$home/.ssh"
    printf '%s\n' "$keys" >"$home/.ssh/authorized_keys"
    chown -R "$name" "$home"
    say "ignition user=$name"
}

apply_file() {
    local path=$1 mode=$2 source=$3
    mkdir -p "$(dirname "$path")"
    if decode "$source" "$path"; then
        # Ignition writes modes in decimal.
        [ -z "$mode" ] || chmod "$(printf '%o' "$mode")" "$path"
        say "ignition file=$path bytes=$(stat -c %s "$path")"
    else
        say "ignition file=$path failed"
    fi
}

run_unit() { # run_unit NAME: each ExecStart of a oneshot service, up to the first that fails
    local name=$1 file=/etc/systemd/system/$1 line code=0
    grep -q '^Type=oneshot' "$file" || return 0
    say "unit=$name started uptime=$(cut -d' ' -f1 /proc/uptime)"
    grep '^Environment=' "$file" | sed 's/^Environment=/export /' >/run/unit.env
    grep '^ExecStart=' "$file" | sed 's/^ExecStart=//' >/run/unit.lines
    while read -r line; do
        (. /run/unit.env && sh -c "$line") </dev/null
        code=$?
        [ "$code" = 0 ] || break
    done </run/unit.lines
    say "unit=$name ended exit=$code uptime=$(cut -d' ' -f1 /proc/uptime)"
}

apply_ignition() {
    # What follows the question mark is a token, which is not for the console.
    local url=$1 shown=${1%%\?*} config=/run/ignition.json tries=0
    until wget -q -O "$config" "$url"; do
        tries=$((tries + 1))
        [ "$tries" -lt 10 ] || { say "ignition failed url=$shown"; return 1; }
        sleep 2
    done
    if ! jq -e .ignition.version "$config" >/run/version; then
        say "ignition failed url=$shown: not a configuration"
        return 1
    fi
    say "ignition fetched url=$shown bytes=$(stat -c %s "$config") version=$(cat /run/version)"

    # One line per item, fields apart by a character that base64 leaves out.
    jq -r '.passwd.users[]? | [.name, .passwordHash // "", ((.sshAuthorizedKeys // []) | join("\n"))] | map(@base64) | join(",")' "$config" >/run/users
    while IFS=, read -r name hash keys; do
        apply_user "$(field "$name")" "$(field "$hash")" "$(field "$keys")"
    done </run/users
    jq -r '.storage.files[]? | [.path, (.mode // "" | tostring), (.contents.source // "")] | map(@base64) | join(",")' "$config" >/run/files
    while IFS=, read -r path mode source; do
        apply_file "$(field "$path")" "$(field "$mode")" "$(field "$source")"
    done </run/files

    mkdir -p /etc/systemd/system
    jq -r '.systemd.units[]? | [.name, ((.enabled // .enable // false) | tostring), (.contents // "")] | map(@base64) | join(",")' "$config" >/run/units
    while IFS=, read -r name enabled contents; do
        field "$contents" >"/etc/systemd/system/$(field "$name")"
    done </run/units
    [ -s /etc/hostname ] && hostname -F /etc/hostname
    while IFS=, read -r name enabled contents; do
        [ "$(field "$enabled")" = true ] && run_unit "$(field "$name")"
    done </run/units
    say "ignition applied users=$(wc -l </run/users) files=$(wc -l </run/files) units=$(wc -l </run/units)"
}

field() { printf '%s' "$1" | base64 -d; }

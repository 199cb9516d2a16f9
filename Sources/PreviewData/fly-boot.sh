#!/bin/sh
# Boots one commit on a machine that has nothing but a stock image, then looks after the app: clone,
# install, build, start, probe, watch. It is delivered in the `files` of a Fly machine and run by its
# `init.exec`; BootScript.swift makes the environment, BootMarkers.swift reads the markers.
#
#   boot.sh               boots and watches; ends with 0 when nobody came for the idle time or the
#                         preview has expired, with 111 to 115 when phase 1 to 5 failed, else as the app
#   boot.sh markers       prints the markers of this boot
#   boot.sh extend TIME   moves the end of life to a Unix time in seconds, or to `never`
#
# Every value comes from the environment, and commands are the only thing that is ever evaluated.
# POSIX sh, and what dash, bash and busybox have in common. All names begin with boot_, so that no
# variable of the app is touched.
set -u

boot_tell() { printf 'preview: %s\n' "$*"; }

# A line for the program that follows. The key is not in the app's environment, so that no output of
# an app is a marker by accident; the end shows that the line was not cut.
boot_say() {
    boot_count=$((boot_count + 1))
    boot_marker="::preview:$boot_key:$boot_id:$boot_count:$*;"
    printf '%s\n' "$boot_marker"
    { printf '%s\n' "$boot_marker" >>"$boot_work/markers"; } 2>/dev/null
}

# --- Environment ---------------------------------------------------------------------------------

# The environment a process was started with can be read by every process of its user, so the token
# and the key go to a new process of this same shell, through a descriptor.
boot_hand_over() {
    boot_key=${PREVIEW_BOOT_KEY-} boot_token=${PREVIEW_BOOT_TOKEN-}
    unset PREVIEW_BOOT_KEY PREVIEW_BOOT_TOKEN
    export PREVIEW_BOOT_HANDED=1
    set --
    while IFS= read -r boot_word; do set -- "$@" "$boot_word"; done <<EOF
$(tr '\000' '\n' </proc/$$/cmdline)
EOF
    exec "$@" 3<<EOF
$boot_key
$boot_token
EOF
}

# Takes the values out of the environment: what the app must not see goes, what it needs is exported.
boot_take_environment() {
    IFS= read -r boot_key <&3
    IFS= read -r boot_token <&3
    exec 3<&-
    boot_repository=${PREVIEW_BOOT_REPOSITORY-} boot_branch=${PREVIEW_BOOT_BRANCH-}
    boot_commit=${PREVIEW_BOOT_COMMIT-} boot_path=${PREVIEW_BOOT_PATH-}
    boot_release=${PREVIEW_BOOT_RELEASE-} boot_runtime=${PREVIEW_BOOT_RUNTIME-}
    boot_install=${PREVIEW_BOOT_INSTALL-} boot_build=${PREVIEW_BOOT_BUILD-}
    boot_start=${PREVIEW_BOOT_START-} boot_static=${PREVIEW_BOOT_STATIC-}
    boot_clone_limit=${PREVIEW_BOOT_CLONE_TIMEOUT:-120}
    boot_install_limit=${PREVIEW_BOOT_INSTALL_TIMEOUT:-600}
    boot_build_limit=${PREVIEW_BOOT_BUILD_TIMEOUT:-900}
    boot_start_limit=${PREVIEW_BOOT_START_TIMEOUT:-120}
    boot_health_limit=${PREVIEW_BOOT_HEALTH_TIMEOUT:-120}
    boot_health_path=${PREVIEW_BOOT_HEALTH_PATH:-/}
    boot_idle=${PREVIEW_BOOT_IDLE_TIMEOUT-} boot_expires=${PREVIEW_BOOT_EXPIRES-}
    boot_checks=${PREVIEW_BOOT_CHECK_INTERVAL-} boot_keep=${PREVIEW_BOOT_KEEP-}
    boot_token_host=${PREVIEW_BOOT_TOKEN_HOST-}
    unset PREVIEW_BOOT_HANDED PREVIEW_BOOT_REPOSITORY PREVIEW_BOOT_BRANCH PREVIEW_BOOT_COMMIT \
        PREVIEW_BOOT_PATH PREVIEW_BOOT_RELEASE PREVIEW_BOOT_RUNTIME PREVIEW_BOOT_INSTALL \
        PREVIEW_BOOT_BUILD PREVIEW_BOOT_START PREVIEW_BOOT_STATIC PREVIEW_BOOT_CLONE_TIMEOUT \
        PREVIEW_BOOT_INSTALL_TIMEOUT PREVIEW_BOOT_BUILD_TIMEOUT PREVIEW_BOOT_START_TIMEOUT \
        PREVIEW_BOOT_HEALTH_TIMEOUT PREVIEW_BOOT_HEALTH_PATH PREVIEW_BOOT_IDLE_TIMEOUT \
        PREVIEW_BOOT_EXPIRES PREVIEW_BOOT_CHECK_INTERVAL PREVIEW_BOOT_KEEP PREVIEW_BOOT_WORK \
        PREVIEW_BOOT_TOKEN_HOST
    export HOME="${HOME:-$boot_work}" PORT="${PORT:-8080}" HOST="${HOST:-0.0.0.0}"
    # Output goes to a pipe, where Python would keep lines back until there are many.
    export PYTHONUNBUFFERED="${PYTHONUNBUFFERED:-1}"
}

boot_check_environment() {
    boot_phase=clone
    case $boot_commit in
    '' | *[!0-9a-f]*) boot_fail environment ;;
    esac
    case $PORT in
    '' | *[!0-9]*) boot_fail environment ;;
    esac
    case /$boot_path/ in
    */../*) boot_fail environment ;;
    esac
    [ -w "$boot_work" ] || boot_fail environment
    [ -n "$boot_key" ] || boot_fail environment
    [ -n "$boot_repository" ] || boot_fail environment
}

# The first folder that can be written to: beside this script for root, else where the user may.
boot_find_work() {
    for boot_work in "${PREVIEW_BOOT_WORK-}" "$boot_here/work" "${HOME-}/.preview" \
        "${TMPDIR:-/tmp}/preview"; do
        case $boot_work in
        /*) mkdir -p "$boot_work" 2>/dev/null && [ -w "$boot_work" ] && return ;;
        esac
    done
    return 1
}

# --- Time, signals and jobs ----------------------------------------------------------------------

# Sets boot_now: milliseconds on a clock that does not jump.
boot_clock() {
    read -r boot_up _ </proc/uptime
    # The 1 in front keeps hundredths such as 08 from being read as octal.
    boot_now=$((${boot_up%.*} * 1000 + 1${boot_up#*.} * 10 - 1000))
}

# Once a second the wait under way is woken; so are signals heeded at once, and no time limit needs
# a process of its own. This one ends with the script.
boot_begin_ticking() {
    trap 'boot_woken=1' ALRM
    trap 'boot_woken=1 boot_signal=${boot_signal:-1}' HUP
    trap 'boot_woken=1 boot_signal=${boot_signal:-2}' INT
    trap 'boot_woken=1 boot_signal=${boot_signal:-3}' QUIT
    trap 'boot_woken=1 boot_signal=${boot_signal:-15}' TERM
    trap 'boot_woken=1 && boot_kill USR1 "$boot_app"' USR1
    trap 'boot_woken=1 && boot_kill USR2 "$boot_app"' USR2
    (while kill -s ALRM $$; do sleep 1; done) </dev/null >/dev/null 2>&1 &
    boot_ticker=$!
    trap 'kill "$boot_ticker" 2>/dev/null' EXIT
}

# Waits until a process has ended (0; its status is in boot_status) or boot_now reaches a time (1).
boot_await() {
    boot_last=''
    while :; do
        # A signal between two waits has woken none.
        [ -z "$boot_signal" ] || boot_heed
        boot_woken=''
        wait "$1" 2>/dev/null
        boot_status=$?
        if [ -z "$boot_woken" ]; then
            # One that ended at the very moment of a signal has been waited for already.
            [ "$boot_status" -ne 127 ] || boot_status=${boot_last:-127}
            return 0
        fi
        [ "$boot_status" -gt 128 ] || boot_last=$boot_status
        boot_heed
        boot_clock
        [ "$boot_now" -lt "$2" ] || return 1
    done
}

# Does not return when it is time to leave.
boot_heed() {
    [ -z "$boot_leaving" ] || return 0
    [ -z "$boot_signal" ] || boot_leave signal
    { read -r boot_word <"$boot_work/expires" && boot_expire_at "$boot_word"; } 2>/dev/null
    [ -z "$boot_end_of_life" ] && return
    boot_clock
    [ "$boot_now" -lt "$boot_end_of_life" ] || boot_leave expired
}

# Notes a Unix time as the end of life; anything that is no number means never.
boot_expire_at() {
    [ "$1" != "$boot_known_expiry" ] || return 0
    boot_known_expiry=$1
    case $1 in
    '' | *[!0-9]*) boot_end_of_life='' ;;
    *)
        boot_clock
        boot_end_of_life=$((boot_now + ($1 - $(date +%s)) * 1000))
        ;;
    esac
}

# What `extend` said holds until the environment says something else.
boot_forget_extension() {
    [ "$(cat "$boot_work/given" 2>/dev/null)" = "${boot_expires:-never}" ] && return
    rm -f "$boot_work/expires"
    printf '%s\n' 2>/dev/null "${boot_expires:-never}" >"$boot_work/given"
}

# Replaces this process by a command in a session of its own, where setsid is at hand, so that it can
# be ended with all it has started. INT and QUIT stay ignored: sh does that to background jobs.
boot_exec() {
    command -v setsid >/dev/null 2>&1 && exec setsid "$@"
    exec "$@"
}

boot_kill() {
    [ -n "$2" ] || return 0
    kill "-$1" "-$2" 2>/dev/null || kill "-$1" "$2" 2>/dev/null
}

# Runs a command as the job of this phase, within its time. Returns the command's status.
boot_do() {
    "$@" </dev/null &
    boot_job=$!
    boot_await "$boot_job" "$boot_deadline" || boot_fail timeout
    boot_job=''
    return "$boot_status"
}

boot_pause() {
    sleep "$boot_nap" >/dev/null 2>&1 &
    boot_job=$!
    boot_await "$boot_job" "$((boot_now + 5000))"
    boot_job=''
}

boot_is_alive() {
    { IFS= read -r boot_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    case ${boot_stat##*') '} in
    [ZX]*) return 1 ;;
    esac
}

# Ends job and app with all they have started: TERM, after eight seconds KILL.
boot_end_jobs() {
    boot_leaving=1
    boot_kill TERM "$boot_job"
    boot_kill TERM "$boot_app"
    boot_clock
    boot_patience=$((boot_now + 8000))
    for boot_process in $boot_job $boot_app; do
        if boot_await "$boot_process" "$boot_patience"; then
            [ "$boot_process" != "$boot_app" ] || boot_app_status=$boot_status
            # The shell in front goes at once; the app behind it may still be finishing its work.
            while [ -n "$(boot_family "$boot_process")" ] && [ "$boot_now" -lt "$boot_patience" ]; do
                sleep "$boot_nap"
                boot_clock
            done
        fi
        boot_kill KILL "$boot_process"
    done
    boot_job='' boot_leaving=''
}

# --- Endings -------------------------------------------------------------------------------------

# Ends the machine though nothing went wrong: `idle`, `expired`, or `signal`.
boot_leave() {
    boot_say "stopped why=$1"
    boot_app_status=''
    boot_end_jobs
    [ "$1" = signal ] || exit 0
    exit "${boot_app_status:-$((128 + boot_signal))}"
}

# Takes a reason of BootTrouble.swift, a status and ports.
boot_fail() {
    boot_say "failed phase=$boot_phase reason=$1 status=${2:-0}${3:+ ports=$3}"
    boot_end_jobs
    boot_app=''
    [ -z "$boot_keep" ] || boot_linger
    case $boot_phase in
    clone) exit 111 ;;
    install) exit 112 ;;
    build) exit 113 ;;
    start) exit 114 ;;
    *) exit 115 ;;
    esac
}

# Stays after a failure, so that somebody can look around by `exec`: until the end of life, and no
# longer than an app that nobody asks for.
boot_linger() {
    boot_say 'kept'
    boot_clock
    boot_end=$((boot_now + ${boot_idle:-0} * 1000))
    boot_nap=1
    while [ -z "$boot_idle" ] || [ "$boot_now" -lt "$boot_end" ]; do
        boot_pause
        boot_clock
    done
    boot_leave idle
}

# --- Phases --------------------------------------------------------------------------------------

# Begins a phase that may take so many seconds.
boot_begin() {
    boot_phase=$1
    boot_clock
    boot_began=$boot_now
    boot_deadline=$((boot_now + $2 * 1000))
    boot_say "phase name=$1 state=begin"
}

boot_end() {
    boot_clock
    boot_say "phase name=$boot_phase state=end ms=$((boot_now - boot_began))"
}

boot_skip() { boot_say "phase name=$1 state=skip"; }

# Installs packages of the image's distribution, which only root can. That is as an install is, and
# takes nothing from the time of the phase.
boot_packages() {
    [ "$(id -u)" -eq 0 ] || return 1
    boot_tell "installing $*"
    boot_clock
    boot_left=$((boot_deadline - boot_now))
    boot_deadline=$((boot_now + boot_install_limit * 1000))
    if command -v apk >/dev/null 2>&1; then
        boot_do boot_exec apk add --no-cache "$@"
    elif command -v apt-get >/dev/null 2>&1; then
        # The lists are missing from images, or older than what the mirror holds.
        boot_do boot_exec sh -c 'export DEBIAN_FRONTEND=noninteractive
            apt-get update -qq && exec apt-get install -y -qq --no-install-recommends "$@"' sh "$@"
    else
        return 1
    fi || return
    boot_clock
    boot_deadline=$((boot_now + boot_left))
}

# A command of the repository's owner, in the app's folder. With NODE_ENV=production npm, pnpm, yarn
# and bun would leave out the development dependencies, which a build commonly needs.
boot_shell() {
    cd "$boot_place" || exit
    if [ "$boot_phase" = install ] && [ "${NODE_ENV-}" = production ]; then
        unset NODE_ENV
        export NPM_CONFIG_INCLUDE=dev YARN_PRODUCTION=false
    fi
    boot_exec /bin/sh -c "$1"
}

boot_run() {
    boot_do boot_shell "$1" && return
    [ "$boot_status" -ne 127 ] || boot_fail command-not-found 127
    boot_fail command "$boot_status"
}

# --- Clone ---------------------------------------------------------------------------------------

# git asks this script for a user and a password; it answers for the repository's own host alone.
boot_write_askpass() {
    cat >"$boot_work/askpass" <<'EOF'
#!/bin/sh
case $1 in
"Username for 'https://$PREVIEW_BOOT_TOKEN_HOST'"*) echo x-access-token ;;
"Password for 'https://x-access-token@$PREVIEW_BOOT_TOKEN_HOST'"*)
    printf '%s\n' "$PREVIEW_BOOT_TOKEN" ;;
*) exit 1 ;;
esac
EOF
    chmod 700 "$boot_work/askpass"
}

# shellcheck disable=SC2317 # Called by name.
# Becomes git: nobody is asked, no configuration of the image or commit runs commands, and only
# https, ssh, git and (not for submodules) file are allowed.
boot_as_git() {
    exec >"$boot_work/git.out" 2>"$boot_work/git.err"
    unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_TRACE GIT_TRACE_CURL GIT_CURL_VERBOSE
    export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_ASKPASS='' SSH_ASKPASS_REQUIRE=never
    export GIT_SSH_COMMAND='ssh -oBatchMode=yes'
    if [ -n "$boot_token" ] && [ -n "$boot_token_host" ]; then
        export GIT_ASKPASS="$boot_work/askpass"
        export PREVIEW_BOOT_TOKEN="$boot_token" PREVIEW_BOOT_TOKEN_HOST="$boot_token_host"
    fi
    boot_exec git -c credential.helper= -c 'safe.directory=*' \
        -c protocol.allow=never -c protocol.https.allow=always -c protocol.ssh.allow=always \
        -c protocol.git.allow=always -c protocol.file.allow=user -c core.hooksPath=/dev/null \
        -c core.fsmonitor=false -c gc.auto=0 -c maintenance.auto=false \
        -c advice.detachedHead=false -c http.lowSpeedLimit=1 -c http.lowSpeedTime=30 "$@"
}

boot_git() {
    boot_do boot_as_git -C "$boot_tree" "$@"
    boot_status=$?
    cat "$boot_work/git.err"
    return "$boot_status"
}

boot_require_git() {
    command -v git >/dev/null 2>&1 && return
    boot_packages git ca-certificates && command -v git >/dev/null 2>&1 && return
    boot_tell 'this image has no git, and it cannot be installed here:' \
        'use an image with git, or one with apt or apk that runs as root'
    boot_fail git-missing
}

# Whether the last fetch failed because the host does not have, or does not give out, what was asked.
boot_is_refused() {
    case $(cat "$boot_work/git.err") in
    *'not our ref'* | *'unadvertised object'* | *'find remote ref'* | *'no such remote ref'*) ;;
    *) return 1 ;;
    esac
}

boot_fetch() {
    boot_git fetch --no-tags --force --depth=1 -- origin "$boot_commit" && return
    boot_is_refused || return
    # Some hosts give out branches only.
    for boot_depth in 1 100 2147483647; do
        if ! boot_git fetch --no-tags --force "--depth=$boot_depth" -- origin \
            "refs/heads/$boot_branch"; then
            ! boot_is_refused || boot_reason=commit-missing boot_is_gone=1
            return 1
        fi
        boot_has "$boot_commit" && return
    done
    boot_reason=commit-missing boot_is_gone=1
    return 1
}

boot_has() { boot_do boot_as_git -C "$boot_tree" cat-file -e "$1"; }

# Whether the files are those of the commit.
boot_is_at_commit() {
    boot_do boot_as_git -C "$boot_tree" rev-parse --verify HEAD &&
        [ "$(cat "$boot_work/git.out")" = "$boot_commit" ]
}

# What a killed git leaves would stop the next one; what the commit ignores, such as node_modules,
# stays.
boot_check_out() {
    boot_reason=git
    boot_lfs='filter.lfs.smudge=' boot_lfs_process='filter.lfs.process='
    if command -v git-lfs >/dev/null 2>&1; then
        boot_lfs='filter.lfs.smudge=git-lfs smudge -- %f'
        boot_lfs_process='filter.lfs.process=git-lfs filter-process'
    fi
    mkdir -p "$boot_tree" &&
        rm -f "$boot_tree"/.git/*.lock &&
        boot_git init --quiet --template= ${boot_format:+"$boot_format"} &&
        boot_git config remote.origin.url "$boot_repository" || return
    boot_has "$boot_commit^{commit}" || boot_fetch || return
    boot_git -c "$boot_lfs" -c "$boot_lfs_process" -c filter.lfs.required=false \
        checkout --quiet --force --detach "$boot_commit" -- &&
        boot_git clean -ffd --quiet || return
    boot_is_at_commit || {
        boot_reason=wrong-commit
        return 1
    }
    command -v git-lfs >/dev/null 2>&1 || boot_warn_of_pointers
    ! boot_has "$boot_commit:.gitmodules" ||
        boot_git submodule --quiet update --init --recursive --force --depth=1
}

boot_warn_of_pointers() {
    boot_git ls-files -- ':(attr:filter=lfs)'
    [ ! -s "$boot_work/git.out" ] ||
        boot_tell 'git-lfs is not installed: large files are pointers without content'
}

boot_clone() {
    boot_begin clone "$boot_clone_limit"
    boot_require_git
    if boot_is_whole; then
        boot_skip clone
        return
    fi
    rm -f "$boot_work/stamp"
    [ -z "$boot_token" ] || boot_write_askpass
    boot_is_new=1 boot_is_gone=''
    [ ! -e "$boot_tree" ] || boot_is_new=''
    if ! boot_check_out; then
        [ -z "$boot_is_new$boot_is_gone" ] || boot_fail "$boot_reason" "$boot_status"
        boot_tell 'the checkout of an earlier boot is of no use: cloning again'
        rm -rf "$boot_tree"
        boot_check_out || boot_fail "$boot_reason" "$boot_status"
    fi
    [ -d "$boot_place" ] || boot_fail path-missing
    boot_end
}

# Whether an earlier boot of the same release came to the end of its build on this filesystem.
boot_is_whole() {
    { IFS= read -r boot_word <"$boot_work/stamp"; } 2>/dev/null &&
        [ "$boot_word" = "$boot_release $boot_commit" ] && [ -d "$boot_place" ] && boot_is_at_commit &&
        boot_is_done=1
}

# --- Install and build ---------------------------------------------------------------------------

boot_install() {
    boot_begin install "$boot_install_limit"
    boot_is_needed=''
    if [ "$boot_runtime" = python ] && [ ! -e "$boot_place/.venv/bin/python" ]; then
        boot_is_needed=1
        boot_make_venv
    fi
    boot_use_venv
    if [ -z "$boot_start" ] && ! command -v python3 >/dev/null 2>&1; then
        boot_is_needed=1
        boot_packages python3 || {
            boot_tell 'this image has no python3 to serve the files with, and it cannot be installed'
            boot_fail no-server
        }
    fi
    if [ -n "$boot_install" ]; then
        boot_is_needed=1
        boot_run "$boot_install"
    fi
    if [ -n "$boot_is_needed" ]; then boot_end; else boot_skip install; fi
}

# Without anything to install no pip is needed, which is what takes the time.
boot_make_venv() {
    boot_pip=''
    [ -n "$boot_install$boot_build" ] || boot_pip=--without-pip
    boot_do boot_shell "exec python3 -m venv $boot_pip .venv" || boot_fail no-venv "$boot_status"
    # Git then takes it for ignored and leaves it there when the next commit is checked out.
    printf '*\n' >"$boot_place/.venv/.gitignore"
}

boot_use_venv() {
    [ "$boot_runtime" = python ] && [ -e "$boot_place/.venv/bin/python" ] || return 0
    unset PYTHONHOME
    export VIRTUAL_ENV="$boot_place/.venv" PATH="$boot_place/.venv/bin:$PATH"
}

boot_build() {
    boot_begin build "$boot_build_limit"
    if [ -n "$boot_build" ]; then
        boot_run "$boot_build"
        boot_end
    else
        boot_skip build
    fi
    # A checkout of another commit by a command must not pass for this one.
    boot_is_at_commit || boot_fail wrong-commit
    boot_stamp >/dev/null 2>&1 &
}

# Notes that this release is whole, once all of it is on the disk; an end before that means that the
# next boot does it all again.
boot_stamp() {
    sync &&
        printf '%s\n' "$boot_release $boot_commit" >"$boot_work/stamp.new" &&
        mv "$boot_work/stamp.new" "$boot_work/stamp"
}

# --- Start and probe -----------------------------------------------------------------------------

# Prints port (hexadecimal), `loopback` or `all`, and inode of every listening socket.
boot_sockets() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" {
        split($2, at, ":")
        loopback = at[1] ~ /^......7F$/ || at[1] == "00000000000000000000000001000000" ||
            at[1] ~ /^0000000000000000FFFF0000......7F$/
        print at[2], loopback ? "loopback" : "all", $10
    }'
}

# Prints the processes in the session that a process began.
boot_family() {
    boot_leader=$1
    for boot_file in /proc/[0-9]*/stat; do
        { IFS= read -r boot_stat <"$boot_file"; } 2>/dev/null || continue
        # Behind the name: state, parent, group, session.
        # shellcheck disable=SC2086
        set -- ${boot_stat##*') '}
        [ "${4-}" != "$boot_leader" ] || [ "$1" = Z ] || echo "${boot_stat%% *}"
    done
}

# Prints the ports on which the app listens, separated by commas.
boot_ports() {
    boot_inodes=$(
        for boot_process in $(boot_family "$boot_app"); do ls -l "/proc/$boot_process/fd"; done 2>/dev/null |
            sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p' | tr '\n' ' '
    )
    boot_sockets | while read -r boot_port _ boot_inode; do
        case " $boot_inodes" in
        *" $boot_inode "*) printf '%d\n' "0x$boot_port" ;;
        esac
    done | sort -un | tr '\n' ',' | sed 's/,$//'
}

boot_launch() {
    if [ -n "$boot_start" ]; then boot_shell "$boot_start"; fi
    cd "$boot_place" || exit
    boot_exec python3 "$boot_here/static.py" "$boot_place/$boot_static"
}

boot_require_app() {
    boot_is_alive "$boot_app" && return
    boot_await "$boot_app" "$boot_deadline"
    [ "$boot_status" -ne 127 ] || boot_fail command-not-found 127
    [ "$boot_status" -ne 0 ] || [ -z "$(boot_family "$boot_app")" ] || boot_fail background
    boot_fail app-ended "$boot_status"
}

boot_start_app() {
    boot_begin start "$boot_start_limit"
    boot_use_venv
    [ -n "$boot_start" ] || [ -d "$boot_place/${boot_static:-nothing}" ] || boot_fail no-start
    boot_launch </dev/null &
    boot_app=$!
    boot_hex=$(printf '%04X' "$PORT")
    boot_next_look=$((boot_now + 1000)) boot_wrong_since=''
    while :; do
        boot_pause
        boot_require_app
        case $(boot_sockets) in
        *"$boot_hex all "*) break ;;
        esac
        boot_clock
        [ "$boot_now" -lt "$boot_next_look" ] || boot_look_elsewhere
        [ "$boot_now" -lt "$boot_deadline" ] || boot_fail never-listened
    done
    boot_end
}

# Fails when the app has been listening at the wrong place for an eighth of its time. Not at once:
# some open a port for debugging first, or their own loopback address.
boot_look_elsewhere() {
    boot_next_look=$((boot_now + 1000))
    boot_elsewhere=$(boot_ports)
    if [ -z "$boot_elsewhere" ]; then
        boot_wrong_since=''
        return
    fi
    boot_wrong_since=${boot_wrong_since:-$boot_now}
    [ $(((boot_now - boot_wrong_since) * 8)) -ge $((boot_start_limit * 1000)) ] || return 0
    case $(boot_sockets) in
    *"$boot_hex loopback "*) boot_fail loopback-only 0 "$boot_elsewhere" ;;
    esac
    boot_fail wrong-port 0 "$boot_elsewhere"
}

# Asks the app with a tool and prints the status of the answer.
boot_ask() {
    boot_url="http://127.0.0.1:$PORT$boot_health_path"
    # shellcheck disable=SC2016
    case $1 in
    curl) boot_exec curl -q -gs -o /dev/null -m 15 --noproxy '*' -w '%{http_code}' "$boot_url" ;;
    wget)
        unset http_proxy HTTP_PROXY
        boot_exec sh -c 'wget -S -T 15 -O /dev/null "$1" 2>&1 |
            sed -n "s|^ *HTTP/[0-9.]* \([0-9]*\).*|\1|p" | sed 1q' sh "$boot_url"
        ;;
    nc)
        boot_exec sh -c 'printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$2" |
            nc 127.0.0.1 "$1" | sed -n "1s|^HTTP/[0-9.]* \([0-9]*\).*|\1|p"' sh \
            "$PORT" "$boot_health_path"
        ;;
    bash)
        boot_exec bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"
            printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$2" >&3
            read -r version status rest <&3 && echo "$status"' bash "$PORT" "$boot_health_path"
        ;;
    esac
}

# Those of the tools that the image has. One may be there and broken, so each gets its turn.
boot_tools() {
    for boot_tool in curl wget nc bash; do
        ! command -v "$boot_tool" >/dev/null 2>&1 || echo "$boot_tool"
    done
}

boot_probe() {
    boot_begin probe "$boot_health_limit"
    [ "$boot_nap" = 1 ] || boot_nap=0.5
    boot_errors=0 boot_error=''
    # shellcheck disable=SC2046
    set -- $(boot_tools)
    # With nothing that can ask, listening must do; the public address is asked in any case.
    boot_answer=${1:+none}
    while [ -n "$boot_answer" ]; do
        boot_answer=''
        boot_ask "$1" </dev/null >"$boot_work/answer" 2>/dev/null &
        boot_job=$!
        # One that waits for more keeps the others from their turn for some time only.
        boot_limit=$((boot_now + 15000))
        [ "$boot_limit" -lt "$boot_deadline" ] || boot_limit=$boot_deadline
        boot_await "$boot_job" "$boot_limit" || boot_kill KILL "$boot_job"
        boot_job=''
        read -r boot_answer <"$boot_work/answer"
        boot_require_app
        case $boot_answer in
        [1234]??) break ;;
        5??) boot_error=$boot_answer boot_errors=$((boot_errors + 1)) ;;
        *)
            boot_tool=$1 boot_answer=none
            shift
            set -- "$@" "$boot_tool"
            ;;
        esac
        # An app that is warming up says 503; any other error seldom heals by itself.
        [ "$boot_errors" -le 12 ] || [ "$boot_error" = 503 ] || boot_fail server-error "$boot_error"
        boot_clock
        if [ "$boot_now" -ge "$boot_deadline" ]; then
            [ -z "$boot_error" ] || boot_fail server-error "$boot_error"
            boot_fail no-answer
        fi
        boot_pause
    done
    boot_end
    boot_say "ready status=${boot_answer:-0}"
}

# --- Watch ---------------------------------------------------------------------------------------

# Whether somebody is there. Health checks are connections like any other but short, so an open
# connection counts when it is seen in two looks. Short ones are seen afterwards, for a minute, in
# TIME_WAIT: they count when there are more of them than the checks explain.
boot_has_traffic() {
    boot_explained=0
    [ -z "$boot_checks" ] || boot_explained=$((60 / boot_checks + 2))
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$boot_hex" -v explained="$boot_explained" -v file="$boot_work/looked" '
            BEGIN { while ((getline line <file) > 0) before[line] = 1; close(file); printf "" >file }
            $2 ~ (":" port "$") && ($4 == "01" || $4 == "06") {
                line = $4 " " $3
                print line >file
                if ($4 == "06") finished++
                if ($4 == "01" && line in before) traffic = 1
                if ($4 == "06" && !(line in before)) news = 1
            }
            END { exit !(traffic || news && finished > explained) }'
}

boot_watch() {
    boot_look=2000
    [ "${boot_idle:-60}" -ge 10 ] || boot_look=500
    printf '' >"$boot_work/looked"
    boot_has_traffic
    boot_clock
    boot_busy=$boot_now
    while :; do
        boot_clock
        boot_await "$boot_app" $((boot_now + boot_look)) && break
        [ -n "$boot_idle" ] || continue
        if boot_has_traffic; then boot_busy=$boot_now; fi
        [ $((boot_now - boot_busy)) -lt $((boot_idle * 1000)) ] || boot_leave idle
    done
    boot_code=$boot_status
    boot_say "app status=$boot_code"
    boot_kill KILL "$boot_app"
    exit "$boot_code"
}

# --- Main ----------------------------------------------------------------------------------------

boot_here=$(cd "$(dirname "$0")" && pwd)
case ${1-} in
markers)
    boot_find_work && cat "$boot_work/markers"
    exit
    ;;
extend)
    boot_find_work && printf '%s\n' "$2" >"$boot_work/expires.new" &&
        mv "$boot_work/expires.new" "$boot_work/expires"
    exit
    ;;
esac
[ -n "${PREVIEW_BOOT_HANDED-}" ] || boot_hand_over

boot_find_work || boot_work=/nonexistent
boot_take_environment
boot_tree=$boot_work/app boot_place=$boot_work/app${boot_path:+/$boot_path} boot_format=''
[ "${#boot_commit}" -ne 64 ] || boot_format=--object-format=sha256
boot_count=0 boot_signal='' boot_leaving='' boot_job='' boot_app='' boot_is_done=''
boot_known_expiry='' boot_end_of_life=''
boot_clock
boot_id=$(date +%s)-$boot_now
printf '' 2>/dev/null >"$boot_work/markers"
boot_nap=0.1
sleep 0.01 2>/dev/null || boot_nap=1
boot_expire_at "$boot_expires"
boot_forget_extension
boot_begin_ticking
boot_check_environment
boot_heed

boot_clone
boot_token=''
if [ -n "$boot_is_done" ]; then
    boot_skip install
    boot_skip build
else
    boot_install
    boot_build
fi
boot_start_app
boot_probe
boot_watch

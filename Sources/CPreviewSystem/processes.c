#define _GNU_SOURCE
#include "CPreviewSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_attributes(posix_spawnattr_t *attributes, enum cps_placement placement) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    flags |= placement == CPS_OWN_SESSION ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error && placement == CPS_OWN_GROUP) error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error) error = posix_spawnattr_setflags(attributes, flags);
    return error;
}

/// The copies in `high` lie above every descriptor the child gets, so that no dup2 in the child
/// overwrites a source that a later one still needs.
static int set_actions(posix_spawn_file_actions_t *actions, const struct cps_spawn_request *request,
                       const int *high) {
    int error = 0;
    if (request->directory) {
        error = posix_spawn_file_actions_addchdir_np(actions, request->directory);
    }
    for (size_t i = 0; !error && i < request->descriptor_count; i++) {
        error = high[i] < 0
            ? posix_spawn_file_actions_addopen(actions, (int)i, "/dev/null", O_RDWR, 0)
            : posix_spawn_file_actions_adddup2(actions, high[i], (int)i);
    }
    if (!error) {
        error = posix_spawn_file_actions_addclosefrom_np(actions, (int)request->descriptor_count);
    }
    return error;
}

static int spawn_with(const struct cps_spawn_request *request, const int *high, pid_t *process) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attributes);
    if (error) return error;
    error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = set_attributes(&attributes, request->placement);
        if (!error) error = set_actions(&actions, request, high);
        if (!error) {
            error = posix_spawn(process, request->program, &actions, &attributes,
                                request->arguments, request->environment);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

int cps_spawn(const struct cps_spawn_request *request, pid_t *process) {
    size_t count = request->descriptor_count;
    int *high = calloc(count ? count : 1, sizeof *high);
    if (!high) return ENOMEM;
    size_t copied = 0;
    int error = 0;
    for (; copied < count; copied++) {
        int source = request->descriptors[copied];
        high[copied] = source < 0 ? -1 : fcntl(source, F_DUPFD_CLOEXEC, (int)count);
        if (source >= 0 && high[copied] < 0) {
            error = errno;
            break;
        }
    }
    if (!error) error = spawn_with(request, high, process);
    for (size_t i = 0; i < copied; i++) {
        if (high[i] >= 0) close(high[i]);
    }
    free(high);
    return error;
}

int cps_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

// glibc has wrappers only since 2.36 and the kernel since 5.3; the calls themselves are older here.
int cps_pidfd_open(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int cps_pidfd_signal(int process_descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, process_descriptor, signal, NULL, 0);
}

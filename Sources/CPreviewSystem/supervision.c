#define _GNU_SOURCE
#include "CPreviewSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int forward_descriptor = -1;

static void forward(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // The pipe does not block; when it is full its reader has bytes enough to wake up.
    ssize_t written = write(atomic_load(&forward_descriptor), &byte, 1);
    (void)written;
    errno = saved;
}

int cps_signals_forward(const int *signals, size_t count, int descriptor) {
    atomic_store(&forward_descriptor, descriptor);
    struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < count; i++) {
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGPIPE, &ignore, NULL);
}

// Everything below up to cps_start_child runs between fork and exec, where only what is
// async-signal-safe may be called.

static void reset_signals(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void enter_groups(const struct cps_child_request *request) {
    for (size_t i = 0; i < request->group_count; i++) {
        int group = open(request->groups[i], O_WRONLY | O_CLOEXEC);
        if (group < 0) continue;
        // A group that cannot be entered limits nothing; whoever made it has tried it out before.
        ssize_t written = write(group, "0", 1);
        (void)written;
        close(group);
    }
}

static int place_descriptor(int source, int target) {
    int opened = source < 0 ? open("/dev/null", O_RDWR) : source;
    if (opened < 0) return -1;
    return dup2(opened, target);
}

static _Noreturn void become_child(const struct cps_child_request *request, pid_t parent,
                                   int report) {
    reset_signals();
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // A parent that died before the line above cannot send anything any more.
    if (getppid() != parent) _exit(127);
    enter_groups(request);
    if (request->directory && chdir(request->directory) != 0) goto failed;
    for (int target = 0; target < 3; target++) {
        if (place_descriptor(request->descriptors[target], target) < 0) goto failed;
    }
    // The report pipe is above and closes by itself when the program starts.
    if (syscall(SYS_close_range, 3u, (unsigned)report - 1, 0u) != 0) goto failed;
    if (syscall(SYS_close_range, (unsigned)report + 1, ~0u, 0u) != 0) goto failed;
    execve(request->program, request->arguments, request->environment);
failed:;
    int error = errno;
    ssize_t written = write(report, &error, sizeof error);
    (void)written;
    _exit(127);
}

int cps_start_child(const struct cps_child_request *request, pid_t *process) {
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0) return errno;
    // Above every standard descriptor, so that placing those cannot overwrite it.
    int report = fcntl(low[1], F_DUPFD_CLOEXEC, 4);
    int error = errno;
    close(low[1]);
    if (report < 0) {
        close(low[0]);
        return error;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) become_child(request, parent, report);
    error = child < 0 ? errno : 0;
    close(report);
    if (!error) {
        ssize_t got;
        do got = read(low[0], &error, sizeof error);
        while (got < 0 && errno == EINTR);
        if (got != sizeof error) error = 0;
    }
    close(low[0]);
    if (!error) {
        *process = child;
    } else if (child > 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    }
    return error;
}

int cps_open_beneath(int folder, const char *path) {
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

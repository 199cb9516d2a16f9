#define _GNU_SOURCE
#include "CPreviewSystem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { group_limit = 64 };

// Lock-free atomics are what a signal handler may touch (C11 5.1.2.3, 7.14.1.1).
static atomic_int seen;
static atomic_int report_descriptor = -1;
static atomic_int groups[group_limit];

static void leave(int number) {
    for (int i = 0; i < group_limit; i++) {
        int group = atomic_load(&groups[i]);
        if (group > 1) kill(-group, SIGKILL);
    }
    _exit(128 + number);
}

static void handle(int number) {
    int saved = errno;
    if (atomic_fetch_add(&seen, 1) > 0) leave(number);
    unsigned char byte = (unsigned char)number;
    // The pipe is empty at the first signal, so this cannot block; a lost report still leaves the
    // second signal to end the process.
    ssize_t written = write(atomic_load(&report_descriptor), &byte, 1);
    (void)written;
    errno = saved;
}

int cps_signals_install(int descriptor) {
    static const int handled[] = {SIGHUP, SIGINT, SIGTERM};
    atomic_store(&report_descriptor, descriptor);
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        struct sigaction before;
        if (sigaction(handled[i], NULL, &before) != 0) return -1;
        if (handled[i] != SIGTERM && before.sa_handler == SIG_IGN) continue;
        if (sigaction(handled[i], &action, NULL) != 0) return -1;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGPIPE, &ignore, NULL);
}

void cps_signals_register_group(pid_t group) {
    for (int i = 0; i < group_limit; i++) {
        int empty = 0;
        if (atomic_compare_exchange_strong(&groups[i], &empty, group)) return;
    }
}

void cps_signals_forget_group(pid_t group) {
    for (int i = 0; i < group_limit; i++) {
        int expected = group;
        if (atomic_compare_exchange_strong(&groups[i], &expected, 0)) return;
    }
}

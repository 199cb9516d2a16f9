#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What Swift's Glibc module lacks because it is built without _GNU_SOURCE, or cannot call because
// it is variadic or runs inside a signal handler. Every function that can fail returns -1 and sets
// errno, or returns the error number itself where it says so.

// Libraries that are loaded at their first use

/// A function of a library, and where its address goes.
struct cps_symbol {
    const char *name;
    void *place;
};
/// Loads a library and the addresses of `count` functions. NULL, or why it cannot be used; then some
/// places may be filled.
const char *cps_load(const char *library, const struct cps_symbol *symbols, size_t count);

// Files

/// renameat2 with RENAME_NOREPLACE: fails with EEXIST instead of replacing `to`.
int cps_rename_noreplace(int from_folder, const char *from, int to_folder, const char *to);
/// Fills `bytes` with random bytes from the kernel, however many reads it takes.
int cps_random(void *bytes, size_t count);

// The environment of this process: NAME=value texts up to a null pointer.
char **cps_environment(void);

// Descriptors and sockets

/// pipe2 with O_CLOEXEC.
int cps_pipe(int descriptors[2]);
/// accept4 with SOCK_CLOEXEC and, when asked, SOCK_NONBLOCK; the peer's address is not returned.
int cps_accept(int listener, bool nonblocking);
/// The columns of the terminal at `descriptor`, 0 where there is no terminal or it does not say.
int cps_terminal_columns(int descriptor);

// Processes

enum cps_placement {
    /// A process group of its own, in the caller's session.
    CPS_OWN_GROUP = 0,
    /// A session of its own (and so a process group), without a controlling terminal.
    CPS_OWN_SESSION = 1,
};

struct cps_spawn_request {
    /// Path of the program; not searched for.
    const char *program;
    char *const *arguments;
    char *const *environment;
    /// Working directory of the child, or NULL for the caller's.
    const char *directory;
    enum cps_placement placement;
    /// The descriptors that become 0, 1, 2, … in the child, in this order; -1 means /dev/null.
    /// Every other descriptor is closed in the child.
    const int *descriptors;
    size_t descriptor_count;
};

/// Starts a process with an empty signal mask and default signal dispositions.
/// Returns 0 and sets *process, or returns the error number.
int cps_spawn(const struct cps_spawn_request *request, pid_t *process);

/// Makes the caller the new parent of every orphaned descendant (PR_SET_CHILD_SUBREAPER).
int cps_become_subreaper(void);
/// A descriptor (close-on-exec) that names a process and turns readable when it ends.
int cps_pidfd_open(pid_t process);
/// Signals the process a descriptor of cps_pidfd_open names, never another with its number.
int cps_pidfd_signal(int process_descriptor, int signal);

// Signals

/// Installs the handler for HUP, INT and TERM, except where HUP or INT was ignored already, and
/// ignores PIPE. The first signal is written as one byte to `descriptor`; the second kills every
/// registered process group and ends the process with 128 plus its number, from the handler.
int cps_signals_install(int descriptor);
/// Remembers a process group for the second signal, up to a limit; further ones are not kept.
void cps_signals_register_group(pid_t group);
void cps_signals_forget_group(pid_t group);

// Supervision

struct cps_child_request {
    /// Path of the program; not searched for.
    const char *program;
    char *const *arguments;
    char *const *environment;
    /// Working directory of the child, or NULL for the caller's.
    const char *directory;
    /// Standard input, output and error; -1 means /dev/null. Sources must not be 0, 1 or 2 unless
    /// they stay where they are.
    int descriptors[3];
    /// Paths of the `cgroup.procs` files of the control groups that the child enters before it
    /// runs anything.
    const char *const *groups;
    size_t group_count;
};

/// Starts a child in a process group of its own, with default signals, no descriptors but the
/// standard ones, and killed when the calling thread ends.
/// Returns 0 and sets *process, or returns the error number, and then no child is left.
int cps_start_child(const struct cps_child_request *request, pid_t *process);

/// From now on each of these signals is written as one byte to `descriptor`, which must not block;
/// PIPE is ignored.
int cps_signals_forward(const int *signals, size_t count, int descriptor);

/// Opens a path for reading that may not lead out of `folder`, by `..` or by a link (openat2 with
/// RESOLVE_BENEATH: Linux 5.6).
int cps_open_beneath(int folder, const char *path);

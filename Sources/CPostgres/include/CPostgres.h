#pragma once

#include <stddef.h>

// The part of libpq that is used, declared here and loaded at its first use: neither building nor
// starting the program needs libpq, nor its header files. All of this has been as it is since
// PostgreSQL 12, and what libpq.so.5 has is never changed (documentation of libpq, chapter 34).

struct pg_conn;
struct pg_result;
struct pg_cancel;

/// PQconninfoOption.
struct preview_pg_option {
    char *keyword;
    char *variable;
    char *compiled;
    /// NULL where nothing says it.
    char *value;
    char *label;
    char *display;
    int size;
};

/// ConnStatusType: everything else is a connection that is being made.
enum { PREVIEW_PG_CONNECTION_OK = 0, PREVIEW_PG_CONNECTION_BAD = 1 };

/// PostgresPollingStatusType.
enum {
    PREVIEW_PG_POLLING_FAILED = 0,
    PREVIEW_PG_POLLING_READING = 1,
    PREVIEW_PG_POLLING_WRITING = 2,
    PREVIEW_PG_POLLING_OK = 3,
};

/// ExecStatusType: those of a statement that went well.
enum { PREVIEW_PG_COMMAND_OK = 1, PREVIEW_PG_TUPLES_OK = 2 };

/// PGVerbosity: with the SQLSTATE in the text.
enum { PREVIEW_PG_VERBOSE = 2 };

struct preview_pg_functions {
    struct preview_pg_option *(*parse)(const char *address, char **error);
    struct preview_pg_option *(*options)(struct pg_conn *connection);
    void (*options_free)(struct preview_pg_option *options);
    struct pg_conn *(*connect_start)(const char *const *keywords, const char *const *values,
                                     int expands_address);
    int (*connect_poll)(struct pg_conn *connection);
    void (*finish)(struct pg_conn *connection);
    int (*status)(const struct pg_conn *connection);
    int (*socket)(const struct pg_conn *connection);
    char *(*error_message)(const struct pg_conn *connection);
    int (*needs_password)(const struct pg_conn *connection);
    int (*set_verbosity)(struct pg_conn *connection, int verbosity);
    void (*(*set_notice_processor)(struct pg_conn *connection,
                                   void (*processor)(void *context, const char *text),
                                   void *context))(void *, const char *);
    int (*set_nonblocking)(struct pg_conn *connection, int is_nonblocking);
    int (*send_query)(struct pg_conn *connection, const char *statements);
    int (*send_query_params)(struct pg_conn *connection, const char *statement, int count,
                             const unsigned int *types, const char *const *values,
                             const int *lengths, const int *formats, int result_format);
    int (*flush)(struct pg_conn *connection);
    int (*consume_input)(struct pg_conn *connection);
    int (*is_busy)(struct pg_conn *connection);
    struct pg_result *(*get_result)(struct pg_conn *connection);
    void (*clear)(struct pg_result *result);
    int (*result_status)(const struct pg_result *result);
    char *(*result_error_field)(const struct pg_result *result, int field);
    int (*row_count)(const struct pg_result *result);
    int (*column_count)(const struct pg_result *result);
    int (*is_null)(const struct pg_result *result, int row, int column);
    int (*length)(const struct pg_result *result, int row, int column);
    char *(*value)(const struct pg_result *result, int row, int column);
    char *(*escape_identifier)(struct pg_conn *connection, const char *text, size_t length);
    void (*free_memory)(void *memory);
    struct pg_cancel *(*get_cancel)(struct pg_conn *connection);
    int (*cancel)(struct pg_cancel *cancel, char *error, int error_size);
    void (*free_cancel)(struct pg_cancel *cancel);
};

/// Loads the library; to be called once, before anything else of it. NULL when it is done, else
/// the loader's words.
const char *preview_pg_load(void);

/// The library's functions; all there once `preview_pg_load` returned NULL.
const struct preview_pg_functions *preview_pg_functions(void);

/// Keeps the server's notices from being written to standard error, as libpq does by itself.
void preview_pg_silence(struct pg_conn *connection);

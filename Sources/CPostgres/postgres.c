#include "CPostgres.h"

#include <CPreviewSystem.h>

static struct preview_pg_functions library_functions;

// The name that every libpq since PostgreSQL 8.0 has.
static const char library_name[] = "libpq.so.5";

const char *preview_pg_load(void) {
    const struct cps_symbol functions[] = {
        {"PQconninfoParse", &library_functions.parse},
        {"PQconninfo", &library_functions.options},
        {"PQconninfoFree", &library_functions.options_free},
        {"PQconnectStartParams", &library_functions.connect_start},
        {"PQconnectPoll", &library_functions.connect_poll},
        {"PQfinish", &library_functions.finish},
        {"PQstatus", &library_functions.status},
        {"PQsocket", &library_functions.socket},
        {"PQerrorMessage", &library_functions.error_message},
        {"PQconnectionNeedsPassword", &library_functions.needs_password},
        {"PQsetErrorVerbosity", &library_functions.set_verbosity},
        {"PQsetNoticeProcessor", &library_functions.set_notice_processor},
        {"PQsetnonblocking", &library_functions.set_nonblocking},
        {"PQsendQuery", &library_functions.send_query},
        {"PQsendQueryParams", &library_functions.send_query_params},
        {"PQflush", &library_functions.flush},
        {"PQconsumeInput", &library_functions.consume_input},
        {"PQisBusy", &library_functions.is_busy},
        {"PQgetResult", &library_functions.get_result},
        {"PQclear", &library_functions.clear},
        {"PQresultStatus", &library_functions.result_status},
        {"PQresultErrorField", &library_functions.result_error_field},
        {"PQntuples", &library_functions.row_count},
        {"PQnfields", &library_functions.column_count},
        {"PQgetisnull", &library_functions.is_null},
        {"PQgetlength", &library_functions.length},
        {"PQgetvalue", &library_functions.value},
        {"PQescapeIdentifier", &library_functions.escape_identifier},
        {"PQfreemem", &library_functions.free_memory},
        {"PQgetCancel", &library_functions.get_cancel},
        {"PQcancel", &library_functions.cancel},
        {"PQfreeCancel", &library_functions.free_cancel},
    };
    return cps_load(library_name, functions, sizeof functions / sizeof *functions);
}

const struct preview_pg_functions *preview_pg_functions(void) { return &library_functions; }

static void ignore(void *context, const char *text) {
    (void)context;
    (void)text;
}

void preview_pg_silence(struct pg_conn *connection) {
    library_functions.set_notice_processor(connection, ignore, NULL);
}

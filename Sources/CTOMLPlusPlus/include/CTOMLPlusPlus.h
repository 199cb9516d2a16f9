#ifndef PREVIEW_CTOMLPLUSPLUS_H
#define PREVIEW_CTOMLPLUSPLUS_H

#include <stddef.h>

// toml++ (Debian libtomlplusplus-dev) behind a C front: TOML in, JSON out.

#ifdef __cplusplus
extern "C" {
#endif

/// Where and why a document is not TOML; line and column count from 1.
struct ctoml_problem {
    int line;
    int column;
    char message[256];
};

/// The document as JSON with a terminating zero, to be given back with `ctoml_free`. Dates, infinities and
/// NaNs become strings. NULL when it is not TOML, and then `problem` is filled in.
char *ctoml_to_json(const char *text, size_t length, struct ctoml_problem *problem);

/// Gives back what `ctoml_to_json` returned.
void ctoml_free(char *json);

#ifdef __cplusplus
}
#endif

#endif

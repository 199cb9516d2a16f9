#pragma once

// The type-checking macros replace the very functions that the wrappers below call.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import: one wrapper per
// type of the argument. The library reports a wrong pairing as CURLE_BAD_FUNCTION_ARGUMENT at best.

static inline CURLcode preview_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode preview_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

// Copied by the library.
static inline CURLcode preview_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// Not copied: must outlive the transfer. For data handed to callbacks, buffers and bodies.
static inline CURLcode preview_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

// Not copied: must outlive the transfer.
static inline CURLcode preview_curl_set_list(CURL *handle, CURLoption option,
                                             struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode preview_curl_set_callback(CURL *handle, CURLoption option,
                                                 curl_write_callback value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode preview_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode preview_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

// Valid until the next call with the handle.
static inline CURLcode preview_curl_get_string(CURL *handle, CURLINFO info, char **value) {
    return curl_easy_getinfo(handle, info, value);
}

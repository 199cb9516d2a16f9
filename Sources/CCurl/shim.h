#pragma once

// The type-checking macros replace the very functions that the wrappers below call.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// libcurl is loaded at its first use and not at start: with the thirty libraries that it brings along
// it would cost every command five milliseconds and six megabytes. The table is filled by
// CPreviewSystem.
struct preview_curl_functions {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *handle);
    CURLcode (*easy_setopt)(CURL *handle, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *handle, CURLINFO info, ...);
    CURLcode (*easy_pause)(CURL *handle, int directions);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLMcode (*multi_wakeup)(CURLM *multi);
    CURLMcode (*multi_perform)(CURLM *multi, int *running);
    CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *more, unsigned int count, int limit_ms,
                            int *ready);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *handle);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *handle);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
    CURLSH *(*share_init)(void);
    CURLSHcode (*share_setopt)(CURLSH *share, CURLSHoption option, ...);
    CURLSHcode (*share_cleanup)(CURLSH *share);
};

extern struct preview_curl_functions preview_curl;

// Loads the library and fills the table; to be called once, before anything else of it. NULL when it
// is done, else the loader's words.
const char *preview_curl_load(void);

static inline CURLcode preview_curl_global_init(long flags) {
    return preview_curl.global_init(flags);
}

static inline CURL *preview_curl_easy_init(void) { return preview_curl.easy_init(); }

static inline void preview_curl_easy_cleanup(CURL *handle) { preview_curl.easy_cleanup(handle); }

static inline CURLcode preview_curl_easy_pause(CURL *handle, int directions) {
    return preview_curl.easy_pause(handle, directions);
}

static inline const char *preview_curl_easy_strerror(CURLcode code) {
    return preview_curl.easy_strerror(code);
}

static inline struct curl_slist *preview_curl_slist_append(struct curl_slist *list,
                                                           const char *text) {
    return preview_curl.slist_append(list, text);
}

static inline void preview_curl_slist_free_all(struct curl_slist *list) {
    preview_curl.slist_free_all(list);
}

static inline CURLM *preview_curl_multi_init(void) { return preview_curl.multi_init(); }

static inline CURLMcode preview_curl_multi_cleanup(CURLM *multi) {
    return preview_curl.multi_cleanup(multi);
}

static inline CURLMcode preview_curl_multi_wakeup(CURLM *multi) {
    return preview_curl.multi_wakeup(multi);
}

static inline CURLMcode preview_curl_multi_perform(CURLM *multi, int *running) {
    return preview_curl.multi_perform(multi, running);
}

// Without descriptors of the caller's own.
static inline CURLMcode preview_curl_multi_poll(CURLM *multi, int limit_ms) {
    return preview_curl.multi_poll(multi, NULL, 0, limit_ms, NULL);
}

static inline CURLMcode preview_curl_multi_add_handle(CURLM *multi, CURL *handle) {
    return preview_curl.multi_add_handle(multi, handle);
}

static inline CURLMcode preview_curl_multi_remove_handle(CURLM *multi, CURL *handle) {
    return preview_curl.multi_remove_handle(multi, handle);
}

static inline CURLMsg *preview_curl_multi_info_read(CURLM *multi, int *left) {
    return preview_curl.multi_info_read(multi, left);
}

static inline CURLSH *preview_curl_share_init(void) { return preview_curl.share_init(); }

static inline CURLSHcode preview_curl_share_cleanup(CURLSH *share) {
    return preview_curl.share_cleanup(share);
}

// Lets the easy handles of a share have the same cookies, or whatever else `data` says.
static inline CURLSHcode preview_curl_share_data(CURLSH *share, curl_lock_data data) {
    return preview_curl.share_setopt(share, CURLSHOPT_SHARE, data);
}

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import: one wrapper per
// type of the argument. The library reports a wrong pairing as CURLE_BAD_FUNCTION_ARGUMENT at best.

static inline CURLcode preview_curl_set_long(CURL *handle, CURLoption option, long value) {
    return preview_curl.easy_setopt(handle, option, value);
}

static inline CURLcode preview_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return preview_curl.easy_setopt(handle, option, value);
}

// Copied by the library.
static inline CURLcode preview_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return preview_curl.easy_setopt(handle, option, value);
}

// Not copied: must outlive the transfer. For data handed to callbacks, buffers and bodies.
static inline CURLcode preview_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return preview_curl.easy_setopt(handle, option, value);
}

// Not copied: must outlive the transfer.
static inline CURLcode preview_curl_set_list(CURL *handle, CURLoption option,
                                             struct curl_slist *value) {
    return preview_curl.easy_setopt(handle, option, value);
}

static inline CURLcode preview_curl_set_callback(CURL *handle, CURLoption option,
                                                 curl_write_callback value) {
    return preview_curl.easy_setopt(handle, option, value);
}

static inline CURLcode preview_curl_set_before_request(CURL *handle, curl_prereq_callback value) {
    return preview_curl.easy_setopt(handle, CURLOPT_PREREQFUNCTION, value);
}

static inline CURLcode preview_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return preview_curl.easy_getinfo(handle, info, value);
}

static inline CURLcode preview_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return preview_curl.easy_getinfo(handle, info, value);
}

// Valid until the next call with the handle.
static inline CURLcode preview_curl_get_string(CURL *handle, CURLINFO info, char **value) {
    return preview_curl.easy_getinfo(handle, info, value);
}

#include "../CCurl/shim.h"

#include "CPreviewSystem.h"
#include <stddef.h>

struct preview_curl_functions preview_curl;

// The name that every libcurl since 2006 has; the development package's own link names the same.
static const char library_name[] = "libcurl.so.4";

const char *preview_curl_load(void) {
    const struct cps_symbol functions[] = {
        {"curl_global_init", &preview_curl.global_init},
        {"curl_easy_init", &preview_curl.easy_init},
        {"curl_easy_cleanup", &preview_curl.easy_cleanup},
        {"curl_easy_setopt", &preview_curl.easy_setopt},
        {"curl_easy_getinfo", &preview_curl.easy_getinfo},
        {"curl_easy_pause", &preview_curl.easy_pause},
        {"curl_easy_strerror", &preview_curl.easy_strerror},
        {"curl_slist_append", &preview_curl.slist_append},
        {"curl_slist_free_all", &preview_curl.slist_free_all},
        {"curl_multi_init", &preview_curl.multi_init},
        {"curl_multi_cleanup", &preview_curl.multi_cleanup},
        {"curl_multi_wakeup", &preview_curl.multi_wakeup},
        {"curl_multi_perform", &preview_curl.multi_perform},
        {"curl_multi_poll", &preview_curl.multi_poll},
        {"curl_multi_add_handle", &preview_curl.multi_add_handle},
        {"curl_multi_remove_handle", &preview_curl.multi_remove_handle},
        {"curl_multi_info_read", &preview_curl.multi_info_read},
        {"curl_share_init", &preview_curl.share_init},
        {"curl_share_setopt", &preview_curl.share_setopt},
        {"curl_share_cleanup", &preview_curl.share_cleanup},
    };
    return cps_load(library_name, functions, sizeof functions / sizeof *functions);
}

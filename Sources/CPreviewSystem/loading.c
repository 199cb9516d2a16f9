#include "CPreviewSystem.h"

#include <dlfcn.h>

const char *cps_load(const char *library_name, const struct cps_symbol *symbols, size_t count) {
    void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return dlerror();
    }
    for (size_t index = 0; index < count; index++) {
        void *function = dlsym(library, symbols[index].name);
        if (function == NULL) {
            return dlerror();
        }
        *(void **)symbols[index].place = function;
    }
    return NULL;
}

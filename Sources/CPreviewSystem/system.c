#define _GNU_SOURCE
#include "CPreviewSystem.h"
int cps_placeholder(void) { return 0; }

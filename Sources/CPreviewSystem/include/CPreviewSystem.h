#ifndef PREVIEW_CSYSTEM_H
#define PREVIEW_CSYSTEM_H
// What the Glibc module leaves out because it is built without _GNU_SOURCE.
int cps_placeholder(void);
#endif

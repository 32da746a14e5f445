#include "version.h"

#ifndef ROADSEG_COMMIT
#define ROADSEG_COMMIT ""
#endif

const char *roadseg_commit(void) { return ROADSEG_COMMIT; }

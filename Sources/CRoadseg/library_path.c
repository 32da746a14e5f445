#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "roadseg_internal.h"

const char *roadseg_library_path(void) {
  Dl_info information;
  return dladdr((const void *)&roadseg_library_path, &information) ? information.dli_fname : NULL;
}

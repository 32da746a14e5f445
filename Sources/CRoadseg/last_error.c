#include <string.h>

#include "roadseg.h"
#include "roadseg_internal.h"

static _Thread_local char message[1024];

const char *roadseg_last_error(void) { return message; }

void roadseg_set_last_error(const char *text) {
  size_t length = strlen(text);
  if (length >= sizeof message) {
    length = sizeof message - 1;
    /* Not within a character of several bytes. */
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
  }
  memcpy(message, text, length);
  message[length] = 0;
}

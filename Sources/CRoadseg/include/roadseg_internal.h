/* For RoadCLibrary alone; not installed. */
#ifndef ROADSEG_INTERNAL_H
#define ROADSEG_INTERNAL_H

/* Keeps a copy, cut at a whole character, for roadseg_last_error in this thread. */
void roadseg_set_last_error(const char *message);

/* The file that this code was loaded from; NULL where the loader does not know. */
const char *roadseg_library_path(void);

#endif

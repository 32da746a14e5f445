#pragma once

/// The commit that the program was built from, "" where the build was not told. `make` tells it in ROADSEG_COMMIT.
const char *roadseg_commit(void);

// Memory of a thread for kernels, which allocate nothing.
#pragma once

/// 64 KiB of the calling thread, with anything in them but for zeros at first. 64-byte aligned.
void *_Nonnull rv_thread_scratch(void);

/// 256 KiB of the calling thread for the transformed tiles of a convolution, apart from the memory above.
void *_Nonnull rv_thread_tiles(void);

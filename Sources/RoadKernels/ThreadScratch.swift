import CThreadMemory

/// 64 KiB that belong to the calling thread, with anything in them: mapped when it first asks for them, and not
/// again. Whoever uses them calls nothing else that does. (`withUnsafeTemporaryAllocation` takes more than a kilobyte
/// from the heap; `InlineArray` needs Swift 6.2.)
package func threadScratch() -> UnsafeMutableRawPointer { rv_thread_scratch() }

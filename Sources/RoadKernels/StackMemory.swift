import CVectorUnit

/// Lends `body` 64 KiB of the calling thread's stack, not initialised: nothing is allocated, however often it is called.
/// (`withUnsafeTemporaryAllocation` takes more than a kilobyte from the heap; `InlineArray` needs Swift 6.2.)
package func withStackMemory(_ body: (UnsafeMutableRawPointer) -> Void) {
  withoutActuallyEscaping(body) { body in
    var body = body
    withUnsafeMutablePointer(to: &body) { pointer in
      rv_with_stack(pointer) { context, memory in
        guard let context, let memory else { return }
        context.assumingMemoryBound(to: ((UnsafeMutableRawPointer) -> Void).self).pointee(memory)
      }
    }
  }
}

import CVectorUnit

/// Memory of the calling thread's stack for the length of `body`: nothing is allocated, however often it is called.
/// (`withUnsafeTemporaryAllocation` takes more than a kilobyte from the heap; `InlineArray` needs Swift 6.2.)
///
/// - Parameters:
///   - type: a trivial one; the memory is bound to it and not initialised.
///   - capacity: at most 64 KiB of them.
package func withStackMemory<Element>(
  of type: Element.Type, capacity: Int, _ body: (UnsafeMutablePointer<Element>) -> Void
) {
  let bytes = capacity * MemoryLayout<Element>.stride
  precondition(bytes <= Int(RV_STACK_BYTES), "\(bytes) bytes of stack wanted, \(RV_STACK_BYTES) are meant for it")
  let bound = { (memory: UnsafeMutableRawPointer) in body(memory.bindMemory(to: Element.self, capacity: capacity)) }
  withoutActuallyEscaping(bound) { bound in
    var body = bound
    withUnsafeMutablePointer(to: &body) { pointer in
      rv_with_stack(pointer) { context, memory in
        guard let context, let memory else { return }
        context.assumingMemoryBound(to: ((UnsafeMutableRawPointer) -> Void).self).pointee(memory)
      }
    }
  }
}

import Dispatch

/// Runs `body` once for each of `count` independent pieces of work, on all cores.
///
/// The pieces write to disjoint memory, which the caller guarantees: hence the unchecked hand-over.
func parallel(_ count: Int, _ body: (Int) -> Void) {
  withoutActuallyEscaping(body) { escaping in
    let work = UncheckedWork(body: escaping)
    DispatchQueue.concurrentPerform(iterations: count) { work.body($0) }
  }
}

private struct UncheckedWork: @unchecked Sendable {
  let body: (Int) -> Void
}

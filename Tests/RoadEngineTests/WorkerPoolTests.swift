import Glibc
import RoadEngine
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
  @Test("every chunk is computed exactly once", arguments: [1, 2, 3, 5])
  func everyChunkOnce(threads: Int) {
    let pool = WorkerPool(threads: threads)
    for chunks in [0, 1, 2, 3, 7, 64, 1000] {
      let counts = (0..<chunks).map { _ in Counter() }
      pool.run(chunks: chunks) { chunk, worker in
        #expect((0..<threads).contains(worker))
        counts[chunk].increment()
      }
      #expect(counts.allSatisfy { $0.value == 1 }, "\(chunks) chunks on \(threads) threads")
    }
  }

  @Test("a job's writes are seen by the caller, ten thousand jobs in a row")
  func writesAreSeen() {
    let pool = WorkerPool(threads: 3)
    let cells = UnsafeMutablePointer<Int>.allocate(capacity: 8)
    cells.initialize(repeating: 0, count: 8)
    defer { cells.deallocate() }
    for _ in 0..<10_000 {
      pool.run(chunks: 8, context: UnsafeMutableRawPointer(cells)) { context, chunk, _ in
        context.assumingMemoryBound(to: Int.self)[chunk] += 1
      }
    }
    #expect((0..<8).allSatisfy { cells[$0] == 10_000 })
  }

  @Test("workers that fell asleep wake up for the next job")
  func wakesAfterSleep() {
    let pool = WorkerPool(threads: 2)
    for _ in 0..<5 {
      usleep(30_000)
      let seen = Counter()
      pool.run(chunks: 2) { _, _ in seen.increment() }
      #expect(seen.value == 2)
    }
  }

  @Test("idle workers do not burn a core")
  func idleWorkersSleep() {
    let pool = WorkerPool(threads: 2)
    let worker = threadOfWorker(in: pool)
    usleep(50_000)
    let before = processorTime(ofThread: worker)
    usleep(150_000)
    // One clock tick is 10 ms: a spinning worker would use 15 of them.
    #expect(processorTime(ofThread: worker) - before <= 2, "an idle worker uses the processor")
    withExtendedLifetime(pool) {}
  }

  @Test("a job started while another runs is computed by its own caller")
  func concurrentCallers() {
    let pool = WorkerPool(threads: 2)
    let total = Counter()
    pool.run(chunks: 4) { _, _ in
      pool.run(chunks: 3) { _, _ in total.increment() }
    }
    #expect(total.value == 12)
  }

  @Test("threads carry names")
  func threadNames() {
    let pool = WorkerPool(threads: 2)
    #expect(read("/proc/self/task/\(threadOfWorker(in: pool))/comm").hasPrefix("road-worker-1"))
    withExtendedLifetime(pool) {}
  }
}

private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func increment() { count.wrappingAdd(1, ordering: .relaxed) }
}

private func read(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var buffer = [CChar](repeating: 0, count: 1024)
  let count = fread(&buffer, 1, buffer.count, file)
  return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The number by which the kernel knows a pool's second thread: jobs of two chunks are run until it gets one of them.
private func threadOfWorker(in pool: WorkerPool) -> Int {
  let thread = Atomic<Int>(0)
  while thread.load(ordering: .relaxed) == 0 {
    pool.run(chunks: 2) { _, worker in
      if worker == 1 { thread.store(currentThread(), ordering: .relaxed) }
      usleep(1000)
    }
  }
  return thread.load(ordering: .relaxed)
}

/// The kernel's number of the calling thread: /proc/thread-self points to PROCESS/task/THREAD.
private func currentThread() -> Int {
  var target = [CChar](repeating: 0, count: 64)
  let count = readlink("/proc/thread-self", &target, target.count)
  let path = String(decoding: target.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return path.split(separator: "/").last.flatMap { Int($0) } ?? 0
}

/// User and system time of a thread of this process, in clock ticks.
private func processorTime(ofThread thread: Int) -> Int {
  let fields = read("/proc/self/task/\(thread)/stat").split(separator: ")").last?.split(separator: " ") ?? []
  guard fields.count > 12 else { return .max }
  return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
}

import Glibc
import Synchronization

/// Where the caller posts a job and the workers of a ``WorkerPool`` claim its chunks.
///
/// One atomic word tells everything about the running job: chunks not yet claimed in the high half, chunks not yet finished in
/// the low half. `job` is plain memory: it is written before the word is (release) and read only after a chunk was
/// claimed (acquire), and a job with a claimed chunk cannot be replaced, since its caller still waits for that chunk.
final class JobBoard: @unchecked Sendable {
  private struct Job {
    var work: WorkerPool.Work
    var context: UnsafeMutableRawPointer
    var chunks: Int
  }

  private static let claimStep: UInt64 = 1 << 32
  /// Looks at the word before a worker starts to yield: about 50 µs.
  private static let spinLimit = 4000
  /// Yields before it sleeps: some hundred µs, longer when others use the core.
  private static let yieldLimit = 400

  private let state = Atomic<UInt64>(0)
  private let occupied = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let job = UnsafeMutablePointer<Job>.allocate(capacity: 1)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  deinit {
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(mutex)
    wake.deallocate()
    mutex.deallocate()
    job.deallocate()
  }

  /// False when another caller's job is still running; nothing is posted then.
  func post(chunks: Int, context: UnsafeMutableRawPointer, _ work: WorkerPool.Work) -> Bool {
    guard occupied.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      return false
    }
    job.initialize(to: Job(work: work, context: context, chunks: chunks))
    state.store(UInt64(chunks) << 32 | UInt64(chunks), ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
    return true
  }

  /// Claims and computes chunks until none is left.
  func drain(worker: Int) {
    var word = state.load(ordering: .acquiring)
    while word >> 32 > 0 {
      let claim = state.weakCompareExchange(
        expected: word, desired: word - Self.claimStep, ordering: .acquiringAndReleasing)
      guard claim.exchanged else {
        word = claim.original
        continue
      }
      job.pointee.work(job.pointee.context, job.pointee.chunks - Int(word >> 32), worker)
      word = state.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    }
  }

  /// Waits for chunks that other threads claimed; they are being computed, so this is short unless a core was taken away.
  func awaitCompletion() {
    var looks = 0
    while state.load(ordering: .acquiring) != 0 {
      looks += 1
      if looks > Self.spinLimit { sched_yield() }
    }
    occupied.store(false, ordering: .releasing)
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  private func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }
}

extension JobBoard {
  /// Nil when the system gives no more threads: the pool is then smaller.
  func startWorker(_ number: Int) -> pthread_t? {
    let start = Unmanaged.passRetained(WorkerStart(board: self, number: number))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue()
        nameThisThread("road-worker-\(start.number)")
        start.board.serve(worker: start.number)
        return nil
      }, start.toOpaque())
    guard result == 0 else {
      start.release()
      return nil
    }
    return thread
  }

  private func serve(worker: Int) {
    var idleLooks = 0
    while !stopping.load(ordering: .relaxed) {
      if state.load(ordering: .relaxed) >> 32 > 0 {
        drain(worker: worker)
        idleLooks = 0
        continue
      }
      idleLooks += 1
      if idleLooks > Self.spinLimit + Self.yieldLimit {
        sleep()
        idleLooks = 0
      } else if idleLooks > Self.spinLimit {
        sched_yield()
      }
    }
  }

  /// Until a job is posted. The caller writes `state` and then reads `sleepers`, this thread writes `sleepers` and then reads
  /// `state`: one of the two sees the other.
  private func sleep() {
    pthread_mutex_lock(mutex)
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while state.load(ordering: .sequentiallyConsistent) >> 32 == 0,
      !stopping.load(ordering: .sequentiallyConsistent)
    {
      pthread_cond_wait(wake, mutex)
    }
    sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}

/// What a new thread is told.
private final class WorkerStart: Sendable {
  let board: JobBoard
  let number: Int

  init(board: JobBoard, number: Int) {
    self.board = board
    self.number = number
  }
}

/// What `top -H` and a debugger show; Linux keeps 15 bytes. Written through /proc because Swift sees neither
/// `pthread_setname_np` (a GNU extension) nor `prctl` (variadic).
private func nameThisThread(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  _ = name.withCString { write(file, $0, min(strlen($0), 15)) }
  close(file)
}

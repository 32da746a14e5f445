import RoadBase
import RoadKernels
import Synchronization

/// Threads that share the chunks of one job: the caller takes part, whoever is free claims the next chunk.
///
/// A job costs one atomic operation to start, two a chunk, no lock and no allocation. Claiming (rather than giving each
/// thread its share beforehand) keeps a job short when another process takes a core for a while. Between the layers of
/// a frame the workers spin; after about 50 µs without work they yield, and after some hundred yields they sleep until
/// the next job.
///
/// One job runs at a time. A caller that finds the pool busy with another thread's job computes its own chunks alone.
public final class WorkerPool: Sendable {
  /// One chunk of a job: the context given to ``run(chunks:context:_:)``, the chunk 0 ..< chunks, and the number of the
  /// thread that computes it, 0 ..< ``threads`` (for scratch memory; 0 is the caller).
  public typealias Work = @Sendable @convention(c) (UnsafeMutableRawPointer, Int, Int) -> Void

  /// Threads that compute, the caller counted.
  public let threads: Int
  /// Where the workers run, and the caller should: see ``placeCaller()``.
  public let placement: CorePlacement
  private let board: JobBoard
  private let workers: [SystemThread]

  /// - Parameter threads: at least 1; 1 starts no thread at all.
  public init(threads: Int) {
    precondition(threads >= 1, "a pool of \(threads) threads")
    let board = JobBoard()
    let placement = CorePlacement(threads: threads, among: CoreType.cores)
    var workers: [SystemThread] = []
    for number in 1..<max(threads, 1) {
      guard let worker = board.startWorker(number, on: placement) else { break }
      workers.append(worker)
    }
    self.board = board
    self.workers = workers
    self.threads = workers.count + 1
    self.placement = placement
  }

  /// Puts the calling thread among the workers' cores, for good: it takes part in every job, so it must be no slower
  /// than they are. For a thread that computes frame after frame, once. Nothing happens where all cores are alike.
  public func placeCaller() { placement.place() }

  deinit {
    board.stop()
    for worker in workers { worker.join() }
  }

  /// Computes every chunk once and returns when all are done.
  public func run(chunks: Int, context: UnsafeMutableRawPointer, _ work: Work) {
    guard threads > 1, chunks > 1, board.post(chunks: chunks, context: context, work) else {
      for chunk in 0..<max(chunks, 0) { work(context, chunk, 0) }
      return
    }
    board.drain(worker: 0)
    board.awaitCompletion()
  }

  /// Computes every chunk once and returns when all are done. `body` is called with the chunk and the thread's number.
  public func run(chunks: Int, _ body: (_ chunk: Int, _ worker: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { pointer in
        run(chunks: chunks, context: UnsafeMutableRawPointer(pointer)) { context, chunk, worker in
          context.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(chunk, worker)
        }
      }
    }
  }
}

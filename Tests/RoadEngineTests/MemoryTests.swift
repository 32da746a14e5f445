import CAllocationCounter
import Glibc
import RoadEngine
import RoadKernelContract
import RoadKernels
import RoadModel
import Synchronization
import Testing

@Suite(.serialized) struct MemoryTests {
  @Test("tensors alive together do not overlap in the arena of a plan", arguments: 0..<20 as Range<UInt64>)
  func planTensorsDoNotOverlap(seed: UInt64) throws {
    let model = QuantizedGraph.random(height: 30, width: 44, seed: seed)
    let engine = try Engine(
      model: model, options: EngineOptions(instructionSet: .reference, fusesLayers: seed % 2 == 0))
    let tenants = engine.arenaTenants
    let steps = (engine.layers.map(\.step).max() ?? 0) + 1
    #expect(tenants.count == steps + 1)
    #expect(seed % 2 == 0 ? steps < engine.layers.count : steps == engine.layers.count)
    for (index, tenant) in tenants.enumerated() {
      for other in tenants[(index + 1)...] where tenant.life.overlaps(other.life) {
        #expect(!tenant.bytes.overlaps(other.bytes), "\(tenant) and \(other)")
      }
    }
    let report = engine.memoryReport
    #expect(report.arenaBytes < report.unsharedBytes)
    #expect(report.arenaBytes >= report.lowerBoundBytes)
  }

  @Test("the halo holds all that a window reads, and no picture pixel")
  func haloLayout() {
    let layout = TensorLayout(height: 3, width: 5, channels: 7, pixelPitch: 16, halo: 2)
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: layout.byteCount, alignment: 64)
    defer { block.deallocate() }
    block.initializeMemory(as: UInt8.self, repeating: 1)
    let view = layout.view(at: block.baseAddress!)
    for rows in [0..<1, 1..<3] { view.fillHalo(beside: rows, with: 9) }
    for y in -2..<5 {
      for x in -2..<7 {
        let inside = (0..<3).contains(y) && (0..<5).contains(x)
        let offset = UnsafeMutableRawPointer(view.pixel(y, x)) - block.baseAddress!
        #expect(offset >= 0 && offset + 16 <= layout.byteCount)
        #expect((0..<16).allSatisfy { view.pixel(y, x)[$0] == (inside ? 1 : 9) }, "pixel \(y), \(x)")
      }
    }
  }

  @Test("run allocates nothing", arguments: [1, 2], [true, false])
  func runAllocatesNothing(threads: Int, fuses: Bool) throws {
    let model = QuantizedGraph.random(height: 40, width: 40, seed: 3)
    let engine = try Engine(model: model, options: EngineOptions(threads: threads, fusesLayers: fuses))
    let counter = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
    counter.initialize(to: 0)
    defer { counter.deallocate() }
    for timed in [false, true] {
      engine.timesLayers = timed
      engine.run()
      onEveryThread(of: engine.pool) { count_allocations_of_this_thread_into(counter) }
      for _ in 0..<5 { engine.run() }
      // This one first: asking the others allocates.
      count_allocations_of_this_thread_into(nil)
      onEveryThread(of: engine.pool) { count_allocations_of_this_thread_into(nil) }
      #expect(counter.pointee == 0, "\(counter.pointee) allocations in five frames")
    }
  }

  /// Each thread waits in its chunk for the others, so none can take two.
  private func onEveryThread(of pool: WorkerPool, _ body: () -> Void) {
    let arrived = Atomic<Int>(0)
    pool.run(chunks: pool.threads) { _, _ in
      body()
      arrived.add(1, ordering: .acquiringAndReleasing)
      while arrived.load(ordering: .acquiring) < pool.threads { sched_yield() }
    }
  }

  @Test("the allocation counter counts")
  func counterCounts() {
    let before = allocation_count_of_this_thread()
    let array = [UInt](repeating: before, count: 100)
    #expect(allocation_count_of_this_thread() > before, "\(array.count)")
  }
}

import CAllocationCounter
import RoadEngine
import RoadKernelContract
import RoadKernels
import RoadModel
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
    for timed in [false, true] {
      engine.timesLayers = timed
      engine.run()
      // Other tests of this process allocate meanwhile: one quiet round proves that run itself does not.
      let patience = ContinuousClock.now + .seconds(60)
      var smallest = UInt.max
      while smallest > 0, ContinuousClock.now < patience {
        let before = allocation_count()
        engine.run()
        smallest = min(smallest, allocation_count() - before)
      }
      #expect(smallest == 0, "\(smallest) allocations a frame")
    }
  }

  @Test("the allocation counter counts")
  func counterCounts() {
    let before = allocation_count()
    let array = [UInt](repeating: before, count: 100)
    #expect(allocation_count() > before, "\(array.count)")
  }
}

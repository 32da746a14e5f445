import RoadTelemetry
import Testing

@Suite struct ProcessUsageTests {
  @Test func memoryAndTimeGrowWithUse() {
    let before = ProcessUsage.now()
    let bytes = 64 << 20
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 1)
    let after = ProcessUsage.now()
    #expect(memory[bytes - 1] == 1)
    memory.deallocate()
    #expect(before.residentBytes > 1 << 20)
    #expect(after.peakResidentBytes >= UInt64(bytes))
    #expect(after.processorNanoseconds > before.processorNanoseconds)
  }
}

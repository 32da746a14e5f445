import Dispatch
import RoadBase
import RoadPipeline
import Testing

@Suite struct HandOverTests {
  @Test func keepsTheOrder() {
    let handOver = HandOver(capacity: 3)
    for slot in [4, 2, 9] { handOver.put(slot) }
    #expect(handOver.take() == 4)
    handOver.put(1)
    #expect([handOver.take(), handOver.take(), handOver.take()] == [2, 9, 1])
  }

  @Test func theNewestTakesThePlaceOfTheOldest() {
    let handOver = HandOver(capacity: 2)
    #expect(handOver.putNewest(0) == nil)
    #expect(handOver.putNewest(1) == nil)
    #expect(handOver.putNewest(2) == 0)
    #expect([handOver.take(), handOver.take()] == [1, 2])
  }

  @Test func whatWasPutBeforeTheCloseCanBeTaken() {
    let handOver = HandOver(capacity: 2)
    handOver.put(7)
    handOver.close()
    #expect(handOver.take() == 7)
    #expect(handOver.take() == nil)
  }

  @Test func aCloseWakesTheWaitingReader() throws {
    let handOver = HandOver(capacity: 1)
    let ended = DispatchSemaphore(value: 0)
    let reader = try SystemThread("reader") {
      if handOver.take() == nil { ended.signal() }
    }
    usleepBriefly()
    handOver.close()
    #expect(ended.wait(timeout: .now() + 5) == .success)
    reader.join()
  }

  /// Two threads pass 50000 numbers through a ring of 3: none is lost, doubled or out of order.
  @Test func losesNothingBetweenTwoThreads() throws {
    let handOver = HandOver(capacity: 3)
    let count = 50_000
    let writer = try SystemThread("writer") {
      for slot in 0..<count { handOver.put(slot) }
      handOver.close()
    }
    var expected = 0
    while let slot = handOver.take() {
      guard slot == expected else {
        Issue.record("\(slot) instead of \(expected)")
        break
      }
      expected += 1
    }
    #expect(expected == count)
    writer.join()
  }

  /// With newest-wins every slot is either taken or handed back to the writer.
  @Test func newestWinsLosesNoSlot() throws {
    let handOver = HandOver(capacity: 1)
    let taken = DispatchSemaphore(value: 0)
    let count = 20_000
    nonisolated(unsafe) var sum = 0
    let reader = try SystemThread("reader") {
      var last = -1
      while let slot = handOver.take() {
        if slot <= last { Issue.record("\(slot) after \(last)") }
        last = slot
        sum += slot
      }
      taken.signal()
    }
    var superseded = 0
    for slot in 0..<count { superseded += handOver.putNewest(slot) ?? 0 }
    handOver.close()
    taken.wait()
    reader.join()
    #expect(sum + superseded == count * (count - 1) / 2)
  }
}

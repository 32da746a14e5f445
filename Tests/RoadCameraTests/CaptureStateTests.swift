import RoadCamera
import RoadFrame
import Testing

@Suite("Counting a driver's frames")
struct CaptureStateTests {
  @Test("gaps are lost frames, wherever the driver begins; the 32-bit number may run over")
  func sequences() {
    var state = CaptureState()
    state.begin()
    let numbers = [4_294_967_293, 4_294_967_294, 4_294_967_295, 0].map { state.count(sequence: $0) }
    #expect(numbers == [0, 1, 2, 3])
    #expect(state.takeLost() == 0)
    #expect(state.count(sequence: 5) == 8)
    #expect(state.takeLost() == 4)
    #expect(state.takeLost() == 0)
    #expect(state.count(sequence: 2) == 9, "a driver that begins anew lost nothing that we know of")
    #expect(state.takeLost() == 0)
  }

  @Test("after the camera was opened again, numbers go on and nothing counts as lost")
  func reopened() {
    var state = CaptureState()
    state.begin()
    #expect([10, 11].map { state.count(sequence: $0) } == [0, 1])
    state.begin()
    #expect([0, 3].map { state.count(sequence: $0) } == [2, 5])
    #expect(state.takeLost() == 2)
  }

  @Test("every corrupt frame is told once")
  func pending() {
    var state = CaptureState()
    for reason in CorruptFrame.allCases + [.truncated] { state.addPending(reason) }
    var told: [CorruptFrame] = []
    while let reason = state.takePending() { told.append(reason) }
    #expect(told.count == CorruptFrame.allCases.count + 1)
    #expect(Set(told) == Set(CorruptFrame.allCases))
  }
}

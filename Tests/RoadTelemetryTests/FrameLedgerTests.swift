import RoadTelemetry
import Testing

@Suite struct FrameLedgerTests {
  @Test func balancesOnceEveryFrameHasItsFate() {
    let ledger = FrameLedger()
    for (number, fate) in FrameFate.allCases.enumerated() {
      ledger.enter(number + 1)
      #expect(ledger.snapshot().inFlight == number + 1)
      #expect(!ledger.snapshot().balances)
      ledger.settle(fate, number + 1)
      #expect(ledger.snapshot()[fate] == number + 1)
      #expect(ledger.snapshot().balances)
    }
    #expect(ledger.snapshot().entered == 55)
    #expect(ledger.snapshot().corrupt == 5 + 6 + 7 + 8)
  }

  @Test func aFrameSettledTwiceShows() {
    let ledger = FrameLedger()
    ledger.enter()
    ledger.settle(.shown)
    ledger.settle(.superseded)
    #expect(!ledger.snapshot().balances)
  }

  @Test func losesNothingWhenManyThreadsCount() async {
    let ledger = FrameLedger()
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for frame in 0..<2_000 {
            if frame % 3 == 0 {
              ledger.enterSettled(.lostInDriver)
            } else {
              ledger.enter()
              ledger.settle(worker % 2 == 0 ? .shown : .superseded)
            }
          }
        }
      }
    }
    let counts = ledger.snapshot()
    #expect(counts.entered == 16_000)
    #expect(counts[.lostInDriver] == 8 * 667)
    #expect(counts[.shown] == counts[.superseded])
    #expect(counts.balances)
  }
}

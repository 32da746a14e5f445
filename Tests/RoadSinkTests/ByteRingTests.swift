import RoadSink
import Testing

@Suite struct ByteRingTests {
  typealias Piece = ByteRing.Piece

  @Test func piecesNeverWrapAndComeBackInOrder() {
    var ring = ByteRing(capacity: 100)
    // 10 bytes are left at the end: too few for the third, so they are skipped.
    let first = [ring.take(60), ring.take(50), ring.take(30)]
    #expect(first == [Piece(offset: 0, span: 60), nil, Piece(offset: 60, span: 30)])
    ring.giveBack(Piece(offset: 0, span: 60))
    let second = [ring.take(40), ring.take(21), ring.take(20)]
    #expect(second == [Piece(offset: 0, span: 50), nil, Piece(offset: 40, span: 20)])
    ring.giveBack(Piece(offset: 60, span: 30))
    ring.giveBack(Piece(offset: 0, span: 50))
    #expect(ring.used == 20)
  }

  @Test func refusesWhatNeverFits() {
    var ring = ByteRing(capacity: 10)
    let taken = [ring.take(11), ring.take(0), ring.take(10)]
    #expect(taken == [nil, nil, Piece(offset: 0, span: 10)])
  }
}

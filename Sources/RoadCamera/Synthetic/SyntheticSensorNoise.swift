/// What a small sensor adds to every picture: brightness noise with a deviation of about 2, drawn once and laid over
/// each row of each frame from another place of the table.
final class SyntheticSensorNoise: @unchecked Sendable {
  private static let places = 1 << 14
  private static let count = places + 4096
  /// What is added to and taken from the four bytes of a pixel; saturating bytes make it a few vector instructions.
  private let plus: UnsafeMutablePointer<UInt8>
  private let minus: UnsafeMutablePointer<UInt8>

  init(hash: SyntheticHash) {
    plus = .allocate(capacity: 4 * Self.count)
    minus = .allocate(capacity: 4 * Self.count)
    for index in 0..<Self.count {
      let bits = hash(index, 77)
      // The sum of four small numbers comes near enough to a bell curve.
      var sum = -6
      for part: UInt32 in [0, 8, 16, 24] { sum += Int((bits >> part) & 3) }
      for channel in 0..<4 {
        plus[4 * index + channel] = channel < 3 ? UInt8(max(sum, 0)) : 0
        minus[4 * index + channel] = channel < 3 ? UInt8(max(-sum, 0)) : 0
      }
    }
  }

  deinit {
    plus.deallocate()
    minus.deallocate()
  }

  /// The target is at most 4096 pixels wide.
  func add(to target: SyntheticTarget, hash: SyntheticHash, turn: Int) {
    let bytes = 4 * target.width
    for y in 0..<target.height {
      let place = 4 * Int(hash(turn, y, 3) & UInt32(Self.places - 1))
      let (plus, minus) = (plus + place, minus + place)
      let row = UnsafeMutableRawPointer(target.pixels + y * target.pitch).assumingMemoryBound(to: UInt8.self)
      for index in 0..<bytes {
        let sum = row[index] &+ plus[index]
        let saturated = sum < row[index] ? 255 : sum
        row[index] = saturated > minus[index] ? saturated &- minus[index] : 0
      }
    }
  }
}

/// The random numbers of every test: the same on each machine and at each run, so that what fails can be run again.
///
/// SplitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 8) }

  /// One of `range`'s numbers. Not those of `Int.random(in:using:)`, whose way from bits to numbers the library may
  /// change.
  public mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  public mutating func pick<Element>(_ choices: [Element]) -> Element { choices[integer(0...choices.count - 1)] }
}

import RoadBase

/// How much of a mask is mended after the network, see ``MaskCleaner``.
public enum CleanMode: String, Hashable, Sendable, CaseIterable {
  case off, gentle, strong
}

/// What ``MaskCleaner`` does with the road of a class map. All numbers are whole, so the result is the same on every
/// board.
public struct CleanOptions: Hashable, Sendable {
  /// Pixels that opening and closing reach to each side, as a share of the picture's height in 1/4096; 0 for none.
  public var openingReach = 0
  public var closingReach = 0
  /// Patches of road of fewer pixels go, and holes of fewer are filled: shares of the picture in 1/65536; 0 for none.
  public var leastPatch = 0
  public var leastHole = 0
  /// Road goes that does not reach into the lowest so many percent of the picture, 1...100; nil keeps it. With a
  /// bonnet below, the road never touches the bottom: hence near it.
  public var nearBottom: Int?

  public init(_ mode: CleanMode = .off, nearBottom: Int? = nil) {
    precondition(nearBottom.map { (1...100).contains($0) } ?? true, "the lowest \(nearBottom ?? 0) percent")
    self.nearBottom = nearBottom
    switch mode {
    case .off: break
    case .gentle: (openingReach, closingReach, leastPatch, leastHole) = (9, 9, 64, 16)
    case .strong: (openingReach, closingReach, leastPatch, leastHole) = (26, 26, 128, 328)
    }
  }

  /// Whether a map stays as it is.
  public var isOff: Bool { self == CleanOptions() }

  /// The mode whose numbers these are, ``nearBottom`` aside; nil for others.
  public var mode: CleanMode? { CleanMode.allCases.first { CleanOptions($0, nearBottom: nearBottom) == self } }

  /// In pixels of a picture.
  struct Pixels: Hashable, Sendable {
    var opening: Int
    var closing: Int
    var patch: Int
    var hole: Int
    /// Patches of road that end above this row go; 0 keeps them.
    var lowestRow: Int
  }

  func pixels(of size: PictureSize) -> Pixels {
    func reach(_ share: Int) -> Int { share == 0 ? 0 : max(1, (share * size.height + 2048) / 4096) }
    func area(_ share: Int) -> Int { (share * size.pixels + 32768) / 65536 }
    return Pixels(
      opening: reach(openingReach), closing: reach(closingReach), patch: area(leastPatch), hole: area(leastHole),
      lowestRow: nearBottom.map { size.height - max(1, size.height * $0 / 100) } ?? 0)
  }
}

import RoadMask

/// What is painted over a picture, and how strongly. All weights are in 256ths.
public struct OverlayStyle: Hashable, Sendable {
  public enum Colouring: String, Hashable, Sendable, CaseIterable {
    /// The road alone.
    case road
    /// The road, and every other class faintly in its own colour.
    case allClasses
    /// The road alone, in ``confidenceColours`` by how sure the network is of each pixel.
    case confidence
  }

  /// Of the road by its margin: from each share of ``usualMargin`` on, in percent, the colour.
  public static let confidenceColours: [(percent: Int, colour: Colour)] = [
    (0, Colour(214, 40, 57)), (7, Colour(235, 94, 40)), (14, Colour(247, 144, 30)), (29, Colour(250, 196, 40)),
    (43, Colour(214, 222, 60)), (57, Colour(140, 222, 90)), (86, Colour(60, 218, 120)), (114, Colour(0, 214, 140)),
  ]

  public var colouring: Colouring
  /// How far the road's scores usually are above the second ones, 1...255 steps: steps differ from network to network.
  public var usualMargin = 56
  /// A green that neither asphalt, sky nor foliage has, by day or at dusk.
  public var road = Colour(0, 214, 140)
  public var roadWeight = 84
  public var outline = Colour(168, 255, 214)
  public var outlineWeight = 224
  /// Weight of the one pixel outside of the outline that softens its steps.
  public var fringeWeight = 96
  public var otherClassWeight = 72
  /// Colours that go before the class table's, and before ``road`` for the road.
  public var colours: [UInt8: Colour] = [:]
  /// The classes that are painted; nil for those that ``colouring`` says.
  public var painted: Set<UInt8>?
  /// How strongly painted classes cover the picture, all alike; nil for the weights above.
  public var weight: Int?

  public init(colouring: Colouring = .road) { self.colouring = colouring }
}

extension OverlayStyle {
  func paints(_ index: UInt8, road: UInt8) -> Bool {
    painted?.contains(index) ?? (index == road || colouring == .allClasses)
  }

  /// The paint of a class.
  func paint(_ index: UInt8, _ entry: RoadClass, road: UInt8) -> Paint {
    guard paints(index, road: road) else { return Paint(Colour(0, 0, 0), weight: 0) }
    let isRoad = index == road
    return Paint(
      colours[index] ?? (isRoad ? self.road : entry.colour),
      weight: weight ?? (isRoad ? roadWeight : otherClassWeight))
  }
}

/// A colour to blend with: `out = (in · keep + add) >> 8`, which rounds to nearest and cannot leave 0...255.
struct Paint {
  var keep: UInt16
  /// For the bytes of a pixel in order: red, green, blue, the fourth byte stays 255.
  var add: (UInt16, UInt16, UInt16, UInt16)
  let colour: Colour
  let weight: Int

  init(_ colour: Colour, weight: Int) {
    precondition((0...256).contains(weight), "weight \(weight) of 256")
    self.colour = colour
    self.weight = weight
    keep = UInt16(256 - weight)
    func part(_ value: UInt8) -> UInt16 { UInt16(Int(value) * weight + (weight == 0 ? 0 : 127)) }
    add = (part(colour.red), part(colour.green), part(colour.blue), part(255))
  }

  /// Blends `count` neighbouring pixels.
  @inline(__always)
  func blend(_ pixels: UnsafeMutablePointer<UInt8>, count: Int) {
    // Four bytes a step in their own lanes: the compiler makes vectors of it.
    var pixel = pixels
    for _ in 0..<count {
      pixel[0] = UInt8(truncatingIfNeeded: (UInt16(pixel[0]) &* keep &+ add.0) &>> 8)
      pixel[1] = UInt8(truncatingIfNeeded: (UInt16(pixel[1]) &* keep &+ add.1) &>> 8)
      pixel[2] = UInt8(truncatingIfNeeded: (UInt16(pixel[2]) &* keep &+ add.2) &>> 8)
      pixel[3] = UInt8(truncatingIfNeeded: (UInt16(pixel[3]) &* keep &+ add.3) &>> 8)
      pixel += 4
    }
  }
}

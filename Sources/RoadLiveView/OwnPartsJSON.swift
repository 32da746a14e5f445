import Foundation
import RoadMask

/// The car's own parts as the page draws and sends them: `{"polygons": [[[x, y], …], …]}`, in percent of the picture.
struct OwnPartsJSON: Codable {
  let polygons: [[[Double]]]
  /// Why the next start will not know them; of answers alone.
  var trouble: String?

  /// Bytes of a request; what its polygons may be. More than anybody draws, less than a connection may send.
  static let largestRequest = 16 << 10
  private static let mostPolygons = 64
  private static let mostCorners = 1000

  init(_ parts: OwnParts?) {
    polygons = (parts?.polygons ?? []).map { $0.map { [Double($0.x) / 100, Double($0.y) / 100] } }
  }

  /// - Returns: nil for what is no set of polygons; a nil within where there are none.
  var parts: OwnParts?? {
    guard polygons.count <= Self.mostPolygons, polygons.reduce(0, { $0 + $1.count }) <= Self.mostCorners else {
      return nil
    }
    var corners: [[OwnParts.Corner]] = []
    for polygon in polygons {
      guard polygon.count >= 3,
        polygon.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0...100).contains($0) } })
      else { return nil }
      corners.append(
        polygon.map { OwnParts.Corner(x: Int(($0[0] * 100).rounded()), y: Int(($0[1] * 100).rounded())) })
    }
    return .some(corners.isEmpty ? nil : OwnParts(polygons: corners))
  }

  func json() -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Nothing in it can fail to encode.
    return (try? encoder.encode(self)) ?? Data("{}".utf8)
  }
}

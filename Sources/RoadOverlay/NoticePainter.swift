import RoadBase
import RoadFrame
import RoadMask

/// A whole picture in words, for when there is no video: a headline, and lines that say why and for how long.
///
/// Not for the loop over frames: laying out the lines allocates.
public final class NoticePainter: @unchecked Sendable {
  private let size: PictureSize
  private let small: Lettering
  private let large: Lettering

  private static let background = Paint(Colour(12, 17, 22), weight: 256)
  private static let headlineColour = Colour(255, 176, 64)
  private static let lineColour = Colour(244, 248, 250)

  public init(size: PictureSize) {
    self.size = size
    let unit = max(min(size.height, size.width * 3 / 4), 120)
    small = Lettering(capHeight: max(6, unit * 11 / 480), weight: 0.15)
    large = Lettering(capHeight: max(9, unit * 22 / 480), weight: 0.14)
  }

  /// Covers the whole picture. Lines that are too long go on below; what is below the picture is cut off.
  public func draw(headline: String, lines: [String], on picture: Picture) {
    precondition(picture.size == size, "picture \(picture.size), made for \(size)")
    for row in 0..<size.height { Self.background.blend(picture.row(row), count: size.width) }
    let margin = small.capHeight * 2
    var y = max(margin, size.height / 3 - large.capHeight)
    for piece in wrapped(headline, large, size.width - 2 * margin) {
      large.write(Text(piece), at: margin, y, colour: Self.headlineColour, on: .rgbx(picture))
      y += large.capHeight * 2
    }
    for piece in lines.flatMap({ wrapped($0, small, size.width - 2 * margin) }) {
      small.write(Text(piece), at: margin, y, colour: Self.lineColour, on: .rgbx(picture))
      y += small.capHeight * 2
    }
  }

  private func wrapped(_ line: String, _ lettering: Lettering, _ width: Int) -> [String] {
    var pieces: [String] = []
    var current = ""
    for word in line.split(separator: " ") {
      let longer = current.isEmpty ? String(word) : "\(current) \(word)"
      if !current.isEmpty, lettering.width(of: Text(longer)) > width {
        pieces.append(current)
        current = String(word)
      } else {
        current = longer
      }
    }
    return current.isEmpty ? pieces : pieces + [current]
  }
}

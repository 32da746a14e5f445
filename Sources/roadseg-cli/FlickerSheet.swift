import RoadBase
import RoadFrame
import RoadMask
import RoadOverlay

/// Where a film's masks flicker most, to be looked at: neighbouring frames with the network's masks, and below them the
/// same ones steadied.
struct FlickerSheet {
  /// How many places of the film, neighbouring frames of each, and the fewest frames between two places.
  private static let most = 4
  private static let neighbours = 3
  private static let apart = 8
  private static let shown: [StabiliseMode] = [.off, .gentle]

  private struct Place {
    let flips: Int
    /// Number of the middle frame.
    let frame: Int
    /// By the way of steadying, as in ``shown``.
    let pictures: [[Picture]]
  }

  private let sheet: ContactSheet
  private let renderer: OverlayRenderer
  private let canvas: Picture
  /// Of the last frames, by the way of steadying, and how many pixels flickered in each.
  private var recent: [(flips: Int, pictures: [Picture])] = []
  private var count = 0
  private var places: [Place] = []

  init(size: PictureSize, classes: ClassTable) {
    sheet = ContactSheet(frame: size, columns: Self.neighbours)
    renderer = OverlayRenderer(size: size, classes: classes)
    canvas = Picture(size: size)
  }

  /// Takes the next frame.
  ///
  /// - Parameters:
  ///   - flips: still pixels that came or went as road in the network's own mask.
  ///   - map: by the way of steadying.
  mutating func take(_ picture: Picture, flips: Int, map: (StabiliseMode) -> ClassMap?) {
    let pictures = Self.shown.compactMap(map).map { map in
      canvas.copy(from: picture)
      renderer.draw(map, on: canvas)
      return sheet.small(canvas)
    }
    recent.append((flips, pictures))
    count += 1
    guard recent.count == Self.neighbours else { return }
    // What flickers between the first and the second, and between the second and the third.
    consider(
      Place(
        flips: recent[1].flips + recent[2].flips, frame: count - 2,
        pictures: Self.shown.indices.map { way in recent.map { $0.pictures[way] } }))
    recent.removeFirst()
  }

  /// Keeps the worst places, of those near each other the worse.
  private mutating func consider(_ place: Place) {
    if let near = places.firstIndex(where: { place.frame - $0.frame < Self.apart }) {
      if places[near].flips < place.flips { places[near] = place }
      return
    }
    places.append(place)
    guard places.count > Self.most, let least = places.indices.min(by: { places[$0].flips < places[$1].flips }) else {
      return
    }
    places.remove(at: least)
  }

  /// - Throws: `.output` when it cannot be written.
  func write(to path: String) throws(RoadError) {
    let rows = places.sorted { $0.frame < $1.frame }.flatMap { place in
      zip(Self.shown, place.pictures).map { mode, pictures in
        ContactSheet.Row(
          caption: "frames \(place.frame - 1) to \(place.frame + 1), stabilise \(mode.rawValue)", pictures: pictures)
      }
    }
    let picture = sheet.picture(rows)
    try JPEGEncoder(largest: picture.size, quality: 90).write(picture, to: path)
  }
}

import RoadBase
import RoadFrame
import RoadMask

/// Small pictures in rows, each row with a caption over its first one: a film at a glance.
///
/// Not for the loop over frames: it scales and lays out text.
public final class ContactSheet {
  /// Pixels between pictures and around them.
  private static let gap = 6
  private static let background = Colour(12, 17, 22)
  private static let captionColour = Colour(244, 248, 250)

  /// Of each small picture.
  public let cell: PictureSize
  private let columns: Int
  private let lettering: Lettering

  public struct Row {
    public var caption: String
    /// Of the cell's size; as many as the sheet has columns, or fewer.
    public var pictures: [Picture]

    public init(caption: String, pictures: [Picture]) {
      self.caption = caption
      self.pictures = pictures
    }
  }

  /// - Parameters:
  ///   - frame: size of the pictures, whose shape the cells have.
  ///   - width: of a cell, in pixels; wide enough for a caption.
  public init(frame: PictureSize, columns: Int, width: Int = 400) {
    precondition(columns > 0 && width >= 64, "\(columns) columns of \(width) pixels")
    self.columns = columns
    let height = min(max(width * frame.height / frame.width, 16), 4 * width)
    cell = PictureSize(width: width, height: height)
    lettering = Lettering(capHeight: 9, weight: 0.15)
  }

  /// A picture in the cell's size.
  public func small(_ picture: Picture) -> Picture {
    let small = Picture(size: cell)
    PictureScaler(from: picture.size, to: cell).scale(picture, into: small)
    return small
  }

  /// The sheet; its height grows with the rows, of which there must be one.
  public func picture(_ rows: [Row]) -> Picture {
    precondition(!rows.isEmpty, "a sheet without rows")
    let gap = Self.gap
    let head = 2 * lettering.capHeight
    let line = head + cell.height + gap
    let sheet = Picture(size: PictureSize(width: gap + columns * (cell.width + gap), height: gap + rows.count * line))
    sheet.fill(red: Self.background.red, green: Self.background.green, blue: Self.background.blue)
    for (index, row) in rows.enumerated() {
      precondition(row.pictures.count <= columns, "\(row.pictures.count) pictures in \(columns) columns")
      let top = gap + index * line
      lettering.write(
        Text(row.caption), at: gap, top + lettering.capHeight / 2, colour: Self.captionColour, on: .rgbx(sheet))
      for (column, picture) in row.pictures.enumerated() {
        place(picture, on: sheet, x: gap + column * (cell.width + gap), y: top + head)
      }
    }
    return sheet
  }

  private func place(_ picture: Picture, on sheet: Picture, x: Int, y: Int) {
    precondition(picture.size == cell, "a picture of \(picture.size) in a cell of \(cell)")
    for row in 0..<cell.height {
      (sheet.row(y + row) + 4 * x).update(from: picture.row(row), count: 4 * cell.width)
    }
  }
}

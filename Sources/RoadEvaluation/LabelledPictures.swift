import RoadBase
import RoadFrame

/// Pictures with their labels, however they are kept. They are asked for in order, once each.
public protocol LabelledPictures {
  var count: Int { get }
  /// As it is kept: by these bytes it is known again.
  func pictureBytes(at index: Int) throws(RoadError) -> [UInt8]
  /// - Parameter maximumPixels: a larger picture is an error.
  func picture(at index: Int, maximumPixels: Int) throws(RoadError) -> Picture
  /// The bytes of a PNG file, and its name for messages.
  func label(at index: Int) throws(RoadError) -> (bytes: [UInt8], name: String)
}

extension [PicturePair]: LabelledPictures {
  public func pictureBytes(at index: Int) throws(RoadError) -> [UInt8] {
    try FileInput.read(self[index].picture, as: .picture)
  }

  public func picture(at index: Int, maximumPixels: Int) throws(RoadError) -> Picture {
    try PictureFile.read(self[index].picture, maximumPixels: maximumPixels)
  }

  public func label(at index: Int) throws(RoadError) -> (bytes: [UInt8], name: String) {
    (try FileInput.read(self[index].label, as: .label), self[index].label)
  }
}

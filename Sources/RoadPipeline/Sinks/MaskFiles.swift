import RoadBase
import RoadFrame
import RoadMask
import RoadSink

/// Everything that a picture comes to, in three folders: `classes/NAME.png` (a class a pixel), `road/NAME.png` (255 where
/// the road is, else 0) and `overlay/NAME.jpg`.
public final class MaskFiles: FrameSink, @unchecked Sendable {
  public let name = "masks"
  private let folder: String
  private let names: [String]?
  private let drivable: UInt8
  private let encoder: JPEGEncoder
  private let road: UnsafeMutableBufferPointer<UInt8>

  /// The folders below `folder`, in the order in which a picture's files are written.
  public static let folders = ["classes", "road", "overlay"]

  /// - Parameters:
  ///   - names: of the frames by ordinal, without ending; nil for `frame-000042`.
  ///   - size: of the frames.
  ///   - drivable: the class that is road.
  /// - Throws: `.output` when the folders cannot be made or written to.
  public init(folder: String, names: [String]? = nil, size: PictureSize, drivable: UInt8) throws(RoadError) {
    for name in Self.folders { try FileOutput.makeFolder("\(folder)/\(name)") }
    self.folder = folder
    self.names = names
    self.drivable = drivable
    encoder = try JPEGEncoder(largest: size)
    road = .allocate(capacity: size.pixels)
    road.initialize(repeating: 0)
  }

  deinit { road.deallocate() }

  public func receive(_ frame: ShownFrame) throws(RoadError) {
    let name = names?[frame.stamp.ordinal] ?? FrameName.of(frame.stamp.ordinal)
    try writeGrey(frame.map.bytes, frame.map.size, to: "\(folder)/classes/\(name).png")
    frame.map.writeRoad(drivable: drivable, into: road)
    try writeGrey(road, frame.map.size, to: "\(folder)/road/\(name).png")
    try encoder.write(frame.picture, to: "\(folder)/overlay/\(name).jpg")
  }

  private func writeGrey(
    _ values: UnsafeMutableBufferPointer<UInt8>, _ size: PictureSize, to path: String
  ) throws(RoadError) {
    guard let base = values.baseAddress else { return }
    try FileOutput.write(try PNG.grey(base, size: size), to: path)
  }
}

import Foundation
import RoadBase
import RoadFrame
import RoadMask

/// One recording file, read from its first message to its last. A file that was never closed is read up to where it
/// breaks off. One thread uses a reader at a time.
public final class RecordingReader: @unchecked Sendable {
  public let path: String
  /// What wrote it.
  public let library: String
  /// By name of the metadata record.
  public let metadata: [String: [String: String]]
  /// False: it was never closed, or its end is damaged.
  public let isFinished: Bool
  /// Ranges of bytes that are no records.
  public let damagedRanges: Int
  public let tornBytes: UInt64
  public let fileBytes: UInt64
  /// Pictures of the camera, where the file tells without being read.
  public let indexedPictures: Int
  /// Bytes that no message exceeds.
  public let largestMessage: Int

  private let contents: MCAPContents
  private let imageChannel: UInt16?
  package let scan: MCAPScan

  /// - Parameter verifies: also reads each chunk and compares its checksum.
  /// - Throws: `.recording` for what is no recording, or cannot be read.
  public init(path: String, verifies: Bool = false) throws(RoadError) {
    self.path = path
    let file = try ReadableFile(path: path)
    scan = try MCAPScan(file, verifies: verifies)
    contents = try MCAPContents(file, scan)
    library = scan.library
    metadata = Dictionary(try contents.metadata().map { ($0.name, $0.pairs) }) { first, _ in first }
    isFinished = scan.isFinished
    damagedRanges = scan.damage.count
    tornBytes = scan.tornBytes
    fileBytes = file.size
    largestMessage = scan.items.reduce(0) { largest, item in
      switch item {
      case .chunk(let place): max(largest, Int(place.uncompressedSize))
      case .loose(let range): max(largest, range.count)
      case .attachment, .metadata: largest
      }
    }
    let imageChannel = try contents.findImageChannel()
    self.imageChannel = imageChannel
    indexedPictures = imageChannel.flatMap { [scan] in scan.indexedMessages[$0] } ?? 0
  }

  public var unreadableChunks: Int { contents.unreadableChunks }
  /// What roadseg itself wrote down about the run.
  public var run: [String: String] { metadata[RecordingMetadata.name] ?? [:] }
  public func attachments() throws(RoadError) -> [RecordingAttachment] {
    try contents.attachments().map { RecordingAttachment(name: $0.name, mediaType: $0.mediaType, data: $0.data) }
  }

  /// The class table that the masks were made with; nil where the file holds none.
  public func classes() throws(RoadError) -> ClassTable? {
    guard let table = try attachments().first(where: { $0.name == RecordingMetadata.classesName }) else { return nil }
    let text = String(decoding: table.data, as: UTF8.self)
    return try ClassTable(text: text, name: "\(path): attachment \(table.name)", subject: .recording)
  }

  public func rewind() { contents.rewind() }

  /// - Parameter time: nanoseconds of the recording's clock; chunks that end before are passed over.
  public func skip(to time: UInt64) { contents.skip(to: time) }

  /// The next message of any topic, nil at the end. Valid until the next call.
  public func next() throws(RoadError) -> RecordedMessage? {
    guard let message = try contents.next(), let channel = contents.channels[message.channel] else { return nil }
    return RecordedMessage(
      topic: channel.topic, schema: contents.schemas[channel.schemaID]?.name ?? "",
      isImage: message.channel == imageChannel, sequence: message.sequence, logTime: message.logTime,
      publishTime: message.publishTime, data: message.data)
  }

  /// The next picture of the camera, nil at the end; its bytes are valid until the next call.
  public func nextPicture() throws(RoadError) -> RecordedPicture? {
    while let message = try next() {
      if message.isImage, let picture = RecordedPicture(message) { return picture }
    }
    return nil
  }
}

/// A message of a recording; its data are valid until the next one is read.
public struct RecordedMessage {
  public let topic: String
  public let schema: String
  /// Of the topic whose pictures are the recording's frames.
  public let isImage: Bool
  /// The frame's ordinal (its last 32 bits) in recordings of roadseg.
  public let sequence: UInt32
  public let logTime: UInt64
  public let publishTime: UInt64
  public let data: UnsafeRawBufferPointer

  /// Of the topics of roadseg.
  public var kind: RecordingTopic? { RecordingTopic(named: topic) }

  public func frameRecord() -> FrameRecord? {
    guard kind == .frame, let json else { return nil }
    return try? JSONDecoder().decode(FrameRecord.self, from: json)
  }

  public func logRecord() -> LogRecord? {
    guard kind == .log else { return nil }
    if schema == ROS2Message.logName { return ROS2Message.readLog(data) }
    return json.flatMap { try? JSONDecoder().decode(LogRecord.self, from: $0) }
  }

  /// The class map; nil for other topics, and for what is no mask.
  public func mask() -> RecordedMask? {
    guard kind == .mask, let image = RecordedImage(data, schema: schema) else { return nil }
    return RecordedMask(image)
  }

  /// The content of a message that is text.
  var json: Data? {
    if schema == ROS2Message.textName { return ROS2Message.readText(data).map { Data($0) } }
    return Data(data)
  }
}

/// A frame of a recording, as the camera sent it.
public struct RecordedPicture {
  public let ordinal: UInt32
  /// Nanoseconds of the recording's clock.
  public let logTime: UInt64
  /// When the camera took it, by the same clock.
  public let time: UInt64
  public let format: PixelFormat
  /// Of raw formats; JPEG tells its own.
  public let size: PictureSize?
  public let rowPitch: Int
  public let bytes: UnsafeRawBufferPointer

  /// Whether a raw picture has the bytes that its size needs.
  var isComplete: Bool {
    guard let size, rowPitch >= format.packedRowPitch(width: size.width),
      let needed = format.frameBytes(size: size, rowPitch: rowPitch)
    else { return false }
    return needed <= bytes.count
  }

  /// Nil for a format that roadseg does not read.
  public init?(_ message: RecordedMessage) {
    guard let image = RecordedImage(message.data, schema: message.schema) else { return nil }
    if image.format == "jpeg" || image.format == "png" {
      format = image.format == "png" ? .png : .mjpeg
    } else if let raw = PixelFormat(rawImageEncoding: image.format), image.size != nil {
      format = raw
    } else {
      return nil
    }
    ordinal = message.sequence
    logTime = message.logTime
    time = message.publishTime
    size = image.size
    rowPitch = image.rowPitch
    bytes = image.bytes
  }
}

extension RecordingReader {
  /// Width and height of a picture: the camera's own where the picture has it, as stored, for so it was segmented.
  /// Nil for a picture that cannot be read; a size that the bytes do not fill must not decide about memory.
  public func size(of picture: RecordedPicture, _ decoder: FrameDecoder, _ jpeg: JPEGDecoder) -> PictureSize? {
    if let size = picture.size { return picture.isComplete ? size : nil }
    if let size = run["size"].flatMap({ PictureSize($0) }), decoder.flaw(ofFile: picture.bytes, wanting: size) == nil {
      return size
    }
    if picture.format == .mjpeg { return jpeg.size(of: picture.bytes) }
    return try? PNG.picture(Array(picture.bytes), name: path).size
  }
}

extension MCAPContents {
  /// Ours by name, else the first one with pictures of Foxglove's or ROS 2's types in it.
  fileprivate func findImageChannel() throws(RoadError) -> UInt16? {
    if let own = channels.values.first(where: { RecordingTopic(named: $0.topic) == .image }) { return own.id }
    rewind()
    defer { rewind() }
    // Channels may be told within chunks only: of a foreign file some messages are looked at.
    for _ in 0..<1000 {
      guard let message = try next(), let channel = channels[message.channel] else { return nil }
      let schema = schemas[channel.schemaID]?.name ?? ""
      guard RecordedImage.encodings[schema] == channel.messageEncoding else { continue }
      guard let own = RecordingTopic(named: channel.topic) else { return channel.id }
      if own != .mask, own != .birdsEye { return channel.id }
    }
    return nil
  }
}

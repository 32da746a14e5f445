import CRoadseg
import RoadBase
import RoadFrame
import RoadMask
import RoadModel
import RoadSeg
import RoadSegmentation

/// `roadseg_segmenter`: a network and all memory for frames of one size.
final class SegmenterHandle: Handle {
  let classes: [(name: CText, entry: RoadClass)]
  let road: UInt8
  let terms: CText?
  let modelHash: CText
  let inputSize: PictureSize
  let instructionSet: CText

  private let segmenter: NetworkSegmenter
  private let decoder: FrameDecoder
  private let frame: Frame
  private let picture: Picture
  /// Where JPEGs are decoded that need no picture, and by how much smaller; nil where all frames become pictures.
  private let planes: (canvas: PlanarPicture, reduction: Int)?
  private let map: ClassMap
  private let confidence: ConfidenceUpsampler
  private let masks: MaskSteps

  init(model: String, _ options: roadseg_options) throws(RoadError) {
    let size = try Self.size(options.width, options.height, "the frames'")
    let file = try ShippedModels.file(of: model, besides: Self.libraryFolders)
    let graph = try ONNXReader.read(path: file)
    let inputSize =
      options.input_width == 0 && options.input_height == 0
      ? nil : try Self.size(options.input_width, options.input_height, "the network's input")
    let threads = options.threads == 0 ? IntegerSegmenter.defaultThreads : Int(options.threads)
    guard (1...64).contains(threads) else {
      throw RoadError(.option, "\(threads) threads", remedy: "1 to 64, or 0 for one a core")
    }
    let network = try IntegerSegmenter(graph, name: model, classes: nil, size: inputSize, threads: threads)
    masks = try MaskSteps(options, size: size, road: network.classes.drivable)
    segmenter = network.segmenter(for: size, stabilise: masks.stabilise)
    decoder = try FrameDecoder()
    let largest = max(4 * size.pixels + 65536, Int(options.largest_frame))
    guard Memory.isAvailable(largest + 2 * Picture.byteCount(of: size)) else {
      throw RoadError(.output, "no memory for frames of \(size) pixels", remedy: "free some memory")
    }
    frame = Frame(capacity: largest)
    picture = Picture(size: size)
    switch options.preparation {
    case ROADSEG_PICTURES: planes = nil
    case ROADSEG_PLANES, ROADSEG_SCALED_PLANES:
      let reduction = options.preparation == ROADSEG_PLANES ? 1 : segmenter.reduction
      planes = (PlanarPicture(size: JPEGReduction.size(of: size, by: reduction)), reduction)
    default:
      throw RoadError(.option, "preparation \(options.preparation.rawValue)", remedy: "one of roadseg_preparation")
    }
    map = ClassMap(size: size)
    confidence = segmenter.makeConfidenceUpsampler()
    classes = network.classes.classes.map { (CText($0.name), $0) }
    road = network.classes.drivable
    terms = graph.terms.map(CText.init)
    modelHash = CText(SHA256.hexadecimal(try FileInput.read(file, as: .model)))
    self.inputSize = network.inputSize
    instructionSet = CText(network.engine.instructionSet.rawValue)
  }

  private static func size(_ width: Int32, _ height: Int32, _ whose: String) throws(RoadError) -> PictureSize {
    guard Picture.sides.contains(Int(width)), Picture.sides.contains(Int(height)) else {
      throw RoadError(.option, "\(whose) size is \(width)x\(height)", remedy: "sides of 1 to 16384 pixels")
    }
    return PictureSize(width: Int(width), height: Int(height))
  }

  func segment(
    _ given: roadseg_frame, _ output: roadseg_output, _ timings: UnsafeMutablePointer<roadseg_timings>?
  ) throws(RoadError) -> roadseg_status {
    let (size, classesPitch) = (map.size, pitch(output.classes_pitch))
    let confidencePitch = pitch(output.confidence_pitch)
    guard let classes = output.classes, classesPitch >= size.width, confidencePitch >= size.width else {
      throw RoadError(.option, "no memory for the classes, or rows of less than \(size.width) bytes")
    }
    let begin = MonotonicClock.now()
    let pixels = try pixels(of: given)
    let decoded = MonotonicClock.now()
    let moment = given.timestamp == 0 ? nil : FrameMoment.time(given.timestamp)
    let times = segmenter.segment(pixels, at: moment, into: map)
    let segmented = MonotonicClock.now()
    masks.refine(map)
    let refined = MonotonicClock.now()
    guard let source = map.bytes.baseAddress else { return ROADSEG_OK }
    for y in 0..<size.height {
      UnsafeMutableRawPointer(classes + y * classesPitch).copyMemory(
        from: source + y * size.width, byteCount: size.width)
    }
    let classified = MonotonicClock.now()
    if let base = output.confidence {
      segmenter.writeConfidence(confidence, into: base, rowPitch: confidencePitch)
    }
    guard let timings else { return ROADSEG_OK }
    var told = roadseg_timings()
    told.decode = decoded - begin
    told.scale = times.scale
    told.network = times.network
    told.class_map = times.classMap
    told.confidence = MonotonicClock.now() - classified
    told.road_pixels = UInt64(map.count(of: road))
    told.stabilise = times.stabilised?.nanoseconds ?? 0
    told.refine = refined - segmented
    fill(timings, with: told)
    return ROADSEG_OK
  }

  private func pitch(_ given: Int) -> Int { given == 0 ? map.size.width : given }

  private func pixels(of given: roadseg_frame) throws(RoadError) -> FramePixels {
    guard let bytes = given.bytes else { throw RoadError(.option, "a frame without bytes") }
    if given.format == ROADSEG_RGB24 || given.format == ROADSEG_BGR24 {
      try fillPicture(packed: given, bytes)
      return .picture(picture)
    }
    guard let format = PixelFormat(given.format), let encoding = YUVEncoding(given.yuv) else {
      throw RoadError(.option, "format \(given.format.rawValue), YUV encoding \(given.yuv.rawValue): not known")
    }
    guard given.byte_count <= frame.bytes.count else {
      throw RoadError(
        .picture, "a frame of \(given.byte_count) bytes, opened for \(frame.bytes.count)",
        remedy: "set largest_frame in roadseg_options")
    }
    frame.bytes.copyMemory(from: UnsafeRawBufferPointer(start: bytes, count: given.byte_count))
    (frame.byteCount, frame.format, frame.yuvEncoding) = (given.byte_count, format, encoding)
    frame.size =
      format == .mjpeg || format == .png
      ? picture.size : PictureSize(width: Int(given.width), height: Int(given.height))
    frame.rowPitch = given.row_pitch == 0 ? format.packedRowPitch(width: frame.size.width) : given.row_pitch
    var (pixels, outcome) = (FramePixels.picture(picture), DecodeOutcome.decoded)
    if let planes, format == .mjpeg {
      let prepared = decoder.prepare(frame, planes: planes.canvas, reduction: planes.reduction)
      (pixels, outcome) = (prepared.pixels, prepared.outcome)
    } else {
      outcome = decoder.decode(frame, into: picture)
    }
    switch outcome {
    case .decoded: return pixels
    case .partly(let damage), .corrupt(let damage):
      throw RoadError(
        .picture, "the frame: \(damage.words)",
        remedy: damage == .wrongSize ? "open a segmenter for each size; this one is for \(picture.size)" : "")
    }
  }

  /// Three bytes a pixel.
  private func fillPicture(packed given: roadseg_frame, _ bytes: UnsafeRawPointer) throws(RoadError) {
    let size = picture.size
    let pitch = given.row_pitch == 0 ? 3 * size.width : given.row_pitch
    guard given.width == size.width, given.height == size.height else {
      throw RoadError(
        .picture, "the frame: \(CorruptFrame.wrongSize.words)",
        remedy: "open a segmenter for each size; this one is for \(size)")
    }
    guard pitch >= 3 * size.width, pitch <= Int.max / size.height,
      given.byte_count >= pitch * (size.height - 1) + 3 * size.width
    else { throw RoadError(.picture, "the frame: \(CorruptFrame.truncated.words)") }
    let (red, blue) = given.format == ROADSEG_RGB24 ? (0, 2) : (2, 0)
    for y in 0..<size.height {
      var from = bytes.assumingMemoryBound(to: UInt8.self) + y * pitch
      var to = picture.row(y)
      for _ in 0..<size.width {
        (to[0], to[1], to[2], to[3]) = (from[red], from[1], from[blue], 255)
        from += 3
        to += 4
      }
    }
  }

  /// Where models lie beside this library: in a wheel, or where an installation below another prefix put them.
  private static let libraryFolders: [String] = {
    guard let name = roadseg_library_path() else { return [] }
    let folder = String(cString: name).split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let path = folder.joined(separator: "/")
    return ["\(path)/models", "\(path)/../share/roadseg/models", "\(path)/../../share/roadseg/models"]
  }()
}

extension PixelFormat {
  init?(_ format: roadseg_format) {
    switch format {
    case ROADSEG_RGBX: self = .rgbx
    case ROADSEG_GREY: self = .grey
    case ROADSEG_YUYV: self = .yuyv
    case ROADSEG_UYVY: self = .uyvy
    case ROADSEG_NV12: self = .nv12
    case ROADSEG_I420: self = .i420
    case ROADSEG_I422: self = .i422
    case ROADSEG_I444: self = .i444
    case ROADSEG_I411: self = .i411
    case ROADSEG_JPEG: self = .mjpeg
    case ROADSEG_PNG: self = .png
    default: return nil
    }
  }

  var cFormat: roadseg_format {
    switch self {
    case .rgbx: ROADSEG_RGBX
    case .grey: ROADSEG_GREY
    case .yuyv: ROADSEG_YUYV
    case .uyvy: ROADSEG_UYVY
    case .nv12: ROADSEG_NV12
    case .i420: ROADSEG_I420
    case .i422: ROADSEG_I422
    case .i444: ROADSEG_I444
    case .i411: ROADSEG_I411
    case .mjpeg: ROADSEG_JPEG
    case .png: ROADSEG_PNG
    }
  }
}

extension YUVEncoding {
  init?(_ encoding: roadseg_yuv) {
    switch encoding {
    case ROADSEG_BT601: self = .bt601
    case ROADSEG_BT601_FULL: self = .bt601Full
    case ROADSEG_BT709: self = .bt709
    case ROADSEG_BT709_FULL: self = .bt709Full
    default: return nil
    }
  }

  var cEncoding: roadseg_yuv {
    switch self {
    case .bt601: ROADSEG_BT601
    case .bt601Full: ROADSEG_BT601_FULL
    case .bt709: ROADSEG_BT709
    case .bt709Full: ROADSEG_BT709_FULL
    }
  }
}

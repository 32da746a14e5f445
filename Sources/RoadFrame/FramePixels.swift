import RoadBase

/// Which pixels of a frame the network gets: how its bytes are read on the way to the input tensor. A recording names
/// it, since its masks hang on it.
public enum FramePreparation: String, Hashable, Sendable, Codable, CaseIterable {
  /// A picture of red, green and blue as other readers of photographs make it, which interpolates a JPEG's chroma.
  case pictures
  /// Luma and chroma as they are stored; each chroma sample counts for the pixels that it was taken from. Raw frames
  /// give the same masks as with ``pictures``; those of JPEGs differ a little.
  case planes
  /// The same, but JPEGs are decoded at a half, a quarter or an eighth of both sides (see ``JPEGReduction``): for runs
  /// that show no pictures.
  case scaledPlanes = "scaled-planes"
}

/// By how much a JPEG is made smaller as it is decoded, which libjpeg does with fewer coefficients and in integers.
public enum JPEGReduction {
  /// 8, 4, 2 or 1: the largest by which a picture is still no smaller than the network's input on either side.
  public static func factor(of picture: PictureSize, for input: PictureSize) -> Int {
    [8, 4, 2].first { size(of: picture, by: $0).covers(input) } ?? 1
  }

  /// A picture made smaller by a factor: an uncovered rest counts as a pixel.
  public static func size(of picture: PictureSize, by factor: Int) -> PictureSize {
    PictureSize(width: (picture.width + factor - 1) / factor, height: (picture.height + factor - 1) / factor)
  }
}

extension PictureSize {
  fileprivate func covers(_ other: PictureSize) -> Bool { width >= other.width && height >= other.height }
}

/// The pixels of one frame for what reads them row by row.
public enum FramePixels: @unchecked Sendable {
  case picture(Picture)
  case samples(YUVSamples)

  public var size: PictureSize {
    switch self {
    case .picture(let picture): picture.size
    case .samples(let samples): samples.size
    }
  }
}

/// What is painted on and handed to sinks: a picture, or planes that an encoder takes as they are.
public enum Canvas: @unchecked Sendable {
  case rgbx(Picture)
  case planes(PlanarPicture)

  public enum Kind: Hashable, Sendable { case rgbx, planes }

  public init(_ kind: Kind, size: PictureSize) {
    self =
      switch kind {
      case .rgbx: .rgbx(Picture(size: size))
      case .planes: .planes(PlanarPicture(size: size))
      }
  }

  public var kind: Kind {
    switch self {
    case .rgbx: .rgbx
    case .planes: .planes
    }
  }

  /// Nil for planes.
  public var picture: Picture? {
    if case .rgbx(let picture) = self { return picture }
    return nil
  }

  public var size: PictureSize {
    switch self {
    case .rgbx(let picture): picture.size
    case .planes(let planes): planes.size
    }
  }

  /// Bytes that a canvas takes.
  public static func byteCount(_ kind: Kind, size: PictureSize) -> Int {
    switch kind {
    case .rgbx: Picture.byteCount(of: size)
    case .planes: PlanarPicture.byteCount(of: size)
    }
  }

  /// Takes over the pixels of a canvas of the same size; of another kind they are converted.
  public func copy(from other: Canvas) {
    switch (self, other) {
    case (.rgbx(let picture), .rgbx(let source)): picture.copy(from: source)
    case (.planes(let planes), .planes(let source)): planes.copy(from: source)
    case (.planes(let planes), .rgbx(let source)): planes.fill(from: .picture(source))
    case (.rgbx, .planes): preconditionFailure("planes on an RGBX canvas")
    }
  }
}

import RoadBase
import RoadFrame
import RoadMask
import RoadMetres
import RoadSink
import RoadTelemetry

/// All that one frame needs on its way, allocated once. The stage that holds the slot's number owns it.
final class FrameSlot: @unchecked Sendable {
  let frame: Frame
  /// What is painted on.
  let canvas: Canvas
  /// What the network reads: the canvas, or the frame itself.
  var pixels: FramePixels
  /// Whether the canvas holds the frame, or is to be filled from ``pixels``.
  var isOnCanvas = true
  let map: ClassMap
  /// Nil where nobody asked for it.
  let confidence: ClassMap?
  /// Nil without a calibrated camera.
  let figures: RoadFigures?
  /// How many frame numbers the source had used before this one.
  var ordinal = 0
  var insight = FrameInsight()
  var times = FrameTimes()

  /// - Parameter canvasSize: of planes that nobody paints on it may be smaller.
  init(
    size: PictureSize, frameBytes: Int, canvas kind: Canvas.Kind, canvasSize: PictureSize, keepsConfidence: Bool,
    figures: RoadFigures? = nil
  ) {
    self.figures = figures
    frame = Frame(capacity: frameBytes)
    canvas = Canvas(kind, size: canvasSize)
    pixels =
      switch canvas {
      case .rgbx(let picture): .picture(picture)
      case .planes(let planes): .samples(planes.samples)
      }
    map = ClassMap(size: size)
    confidence = keepsConfidence ? ClassMap(size: size) : nil
  }

  /// Makes the canvas ready to be painted on and handed on.
  func fillCanvas() {
    guard case .planes(let planes) = canvas else { return }
    if isOnCanvas { planes.fold() } else { planes.fill(from: pixels) }
  }
}

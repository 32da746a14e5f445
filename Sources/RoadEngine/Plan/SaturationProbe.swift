import RoadKernelContract

/// How many values of a network's activations lie at the ends of their range: what is beyond it was cut off.
///
/// The upper end, and the lower one where it is not zero itself (behind a ReLU it is, and means nothing).
public struct Saturation: Hashable, Sendable {
  public var atEnds: Int
  public var values: Int

  public init(atEnds: Int = 0, values: Int = 0) {
    self.atEnds = atEnds
    self.values = values
  }

  /// 0...1; nil where nothing was counted.
  public var share: Double? { values == 0 ? nil : Double(atEnds) / Double(values) }
}

/// Counts saturated values in some tensors of a plan while it runs: of at most ``most`` steps, evenly spaced from the
/// first to the last, in every fourth row from the first on.
struct SaturationProbe {
  static let most = 8
  static let rowStride = 4

  struct Tensor {
    var step: Int
    var view: TensorView
    var hasLowerEnd: Bool
  }

  let tensors: [Tensor]

  /// - Parameter candidates: tensors of bytes that steps leave behind, in the order of the steps; the scores are none.
  init(_ candidates: [Tensor]) {
    guard candidates.count > Self.most else {
      tensors = candidates
      return
    }
    tensors = (0..<Self.most).map { candidates[$0 * (candidates.count - 1) / (Self.most - 1)] }
  }

  static func count(_ tensor: Tensor, into saturation: inout Saturation) {
    let view = tensor.view
    for y in stride(from: 0, to: view.height, by: rowStride) {
      for x in 0..<view.width {
        let pixel = view.base + (y &* view.rowPitch &+ x &* view.pixelPitch)
        var ends: Int32 = 0
        for c in 0..<view.channels { ends &+= pixel[c] == 255 ? 1 : 0 }
        if tensor.hasLowerEnd { for c in 0..<view.channels { ends &+= pixel[c] == 0 ? 1 : 0 } }
        saturation.atEnds &+= Int(ends)
      }
      saturation.values &+= view.width &* view.channels
    }
  }
}

import RoadBase

/// The sliding window of Conv, ConvTranspose and the pools over an NCHW tensor, padding resolved, every number checked.
public struct SpatialWindow: Hashable, Sendable {
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int
  public var dilationHeight: Int
  public var dilationWidth: Int
  public var padTop: Int
  public var padLeft: Int
  public var padBottom: Int
  public var padRight: Int
  public var outputHeight: Int
  public var outputWidth: Int

  /// The window of a convolution or pool.
  ///
  /// - Parameters:
  ///   - input: NCHW.
  ///   - kernel: height and width where the weights tell them; nil reads the attribute `kernel_shape`.
  public init(node: Node, input: [Int], kernel: [Int]? = nil) throws(RoadError) {
    let numbers = try WindowNumbers(node: node, input: input, kernel: kernel)
    let ceiling = try node.integer("ceil_mode", default: 0, in: 0...1) == 1
    var pads = try numbers.pads(node: node, input: input)
    var output = [0, 0]
    for axis in 0..<2 {
      let span = input[2 + axis] + pads[axis] + pads[2 + axis] - numbers.extent(axis)
      guard span >= 0 else {
        throw node.failure("a window of \(numbers.extent(axis)) does not fit into an input of shape \(input)")
      }
      let stride = numbers.strides[axis]
      output[axis] = (ceiling ? (span + stride - 1) / stride : span / stride) + 1
      // A window that starts in the far padding does not count (PyTorch's rule, and ONNX's since opset 22).
      if ceiling, (output[axis] - 1) * stride >= input[2 + axis] + pads[axis] { output[axis] -= 1 }
      if ceiling {
        let reach = (output[axis] - 1) * stride + numbers.extent(axis)
        pads[2 + axis] = max(pads[2 + axis], reach - input[2 + axis] - pads[axis])
      }
    }
    self.init(numbers, pads: pads, output: output)
  }

  /// The window of a transposed convolution: `output = stride·(input − 1) + output_padding + extent − pads`.
  public init(transposed node: Node, input: [Int], kernel: [Int]) throws(RoadError) {
    let numbers = try WindowNumbers(node: node, input: input, kernel: kernel)
    let extra = try node.integers("output_padding", count: 2, default: [0, 0], in: 0...WindowNumbers.limit)
    let wanted = try node.integers("output_shape", default: [], in: 1...ShapeLimits.dimension).suffix(2)
    let full = (0..<2).map { numbers.strides[$0] * (input[2 + $0] - 1) + extra[$0] + numbers.extent($0) }
    let automatic = try node.string(
      "auto_pad", default: "NOTSET", of: ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    var pads = try node.integers("pads", count: 4, default: [0, 0, 0, 0], in: 0...WindowNumbers.limit)
    var targets: [Int]?
    if wanted.count == 2 { targets = Array(wanted) }
    if targets == nil, automatic.hasPrefix("SAME") { targets = (0..<2).map { input[2 + $0] * numbers.strides[$0] } }
    if let targets {
      for (axis, target) in targets.enumerated() {
        let total = max(0, full[axis] - target)
        let first = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
        pads[axis] = first
        pads[2 + axis] = total - first
      }
    }
    // Beyond what the taps reach, an output_shape has rows and columns of the bias.
    let natural = (0..<2).map { (axis: Int) -> Int in full[axis] - pads[axis] - pads[2 + axis] }
    let output = wanted.count == 2 ? Array(wanted) : natural
    guard output.allSatisfy({ (1...ShapeLimits.dimension).contains($0) }) else {
      throw node.failure("its output would be \(output) for an input of shape \(input)")
    }
    self.init(numbers, pads: pads, output: output)
  }

  private init(_ numbers: WindowNumbers, pads: [Int], output: [Int]) {
    kernelHeight = numbers.kernel[0]
    kernelWidth = numbers.kernel[1]
    strideHeight = numbers.strides[0]
    strideWidth = numbers.strides[1]
    dilationHeight = numbers.dilations[0]
    dilationWidth = numbers.dilations[1]
    padTop = pads[0]
    padLeft = pads[1]
    padBottom = pads[2]
    padRight = pads[3]
    outputHeight = output[0]
    outputWidth = output[1]
  }
}

/// The attributes that every window operator shares.
private struct WindowNumbers {
  static let limit = 1 << 16
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]

  init(node: Node, input: [Int], kernel: [Int]?) throws(RoadError) {
    guard input.count == 4 else { throw node.failure("its input has shape \(input), not four dimensions NCHW") }
    let given = try node.integers("kernel_shape", count: 2, default: kernel ?? [], in: 1...Self.limit)
    guard given.count == 2 else { throw node.failure("it has no kernel_shape") }
    guard kernel == nil || kernel == given else {
      throw node.failure("kernel_shape \(given) differs from the weights' \(kernel ?? [])")
    }
    self.kernel = given
    strides = try node.integers("strides", count: 2, default: [1, 1], in: 1...Self.limit)
    dilations = try node.integers("dilations", count: 2, default: [1, 1], in: 1...Self.limit)
  }

  /// Pixels from the first tap to the last, both counted.
  func extent(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

  /// Top, left, bottom, right.
  func pads(node: Node, input: [Int]) throws(RoadError) -> [Int] {
    let given = try node.integers("pads", count: 4, default: [0, 0, 0, 0], in: 0...Self.limit)
    let automatic = try node.string(
      "auto_pad", default: "NOTSET", of: ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    guard automatic.hasPrefix("SAME") else { return automatic == "VALID" ? [0, 0, 0, 0] : given }
    var pads = [0, 0, 0, 0]
    for axis in 0..<2 {
      let output = (input[2 + axis] + strides[axis] - 1) / strides[axis]
      let total = max(0, (output - 1) * strides[axis] + extent(axis) - input[2 + axis])
      pads[axis] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
      pads[2 + axis] = total - pads[axis]
    }
    return pads
  }
}

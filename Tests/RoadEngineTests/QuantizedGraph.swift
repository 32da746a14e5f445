import RoadBase
import RoadEngine
import RoadModel
import RoadTestSupport

/// Builds QDQ graphs node by node, as a quantizer would write them.
struct QuantizedGraph {
  var graph = ModelGraph(name: "test")
  private var random: SplitMix
  private var count = 0

  /// An activation: the name of its dequantized value, and its channels.
  struct Activation {
    var name: String
    var channels: Int
  }

  init(height: Int?, width: Int?, seed: UInt64 = 1) {
    random = SplitMix(state: seed)
    graph.inputs = [ValueInfo(name: "image", elementType: .float, shape: [1, 3, height, width])]
  }

  mutating func constant(_ name: String, floats: [Float], shape: [Int] = []) -> String {
    graph.initializers[name] = TensorData(
      elementType: .float, shape: shape, bytes: floats.withUnsafeBytes { Array($0) })
    return name
  }

  mutating func add(_ operation: String, _ inputs: [String], _ attributes: [String: Attribute] = [:]) -> String {
    count += 1
    let name = "\(operation.lowercased())\(count)"
    graph.nodes.append(
      Node(name: name, operation: operation, inputs: inputs, outputs: ["\(name)/out"], attributes: attributes))
    return "\(name)/out"
  }

  /// QuantizeLinear and DequantizeLinear.
  mutating func quantize(_ name: String, scale: Float, zeroPoint: UInt8, channels: Int) -> Activation {
    let scaleName = constant("\(name)/scale", floats: [scale])
    let zeroName = "\(name)/zero"
    graph.initializers[zeroName] = TensorData(elementType: .uint8, shape: [], bytes: [zeroPoint])
    let bytes = add("QuantizeLinear", [name, scaleName, zeroName])
    return Activation(name: add("DequantizeLinear", [bytes, scaleName, zeroName]), channels: channels)
  }

  /// Normalised picture.
  mutating func picture() -> Activation {
    let mean = constant("mean", floats: [120, 115, 100], shape: [1, 3, 1, 1])
    let centred = add("Sub", ["image", mean])
    let deviation = constant("deviation", floats: [58], shape: [1])
    return quantize(add("Div", [centred, deviation]), scale: 0.02, zeroPoint: 110, channels: 3)
  }

  /// A Conv with random int8 weights, an int32 bias and its QuantizeLinear.
  mutating func convolution(
    _ source: Activation, channels: Int, kernel: Int = 1, stride: Int = 1, dilation: Int = 1, group: Int = 1,
    relu: Bool = true
  ) -> Activation {
    let inputs = source.channels / group
    let key = "w\(graph.nodes.count)"
    let weights = (0..<channels * inputs * kernel * kernel).map { _ in
      UInt8(bitPattern: Int8.random(in: -127...127, using: &random))
    }
    graph.initializers[key] = TensorData(
      elementType: .int8, shape: [channels, inputs, kernel, kernel], bytes: weights)
    let spread = 1 / Float(inputs * kernel * kernel).squareRoot()
    let scales = (0..<channels).map { _ in Float.random(in: 0.004...0.012, using: &random) * spread }
    let axis: [String: Attribute] = ["axis": .integer(0)]
    let scaleName = constant("\(key)/scale", floats: scales, shape: [channels])
    let weightName = add("DequantizeLinear", [key, scaleName], axis)
    let bias = (0..<channels).map { _ in Int32.random(in: -3000...3000, using: &random) }
    graph.initializers["\(key)/bias"] = TensorData(
      elementType: .int32, shape: [channels], bytes: bias.withUnsafeBytes { Array($0) })
    let biasScale = constant("\(key)/biasScale", floats: scales.map { $0 * 0.02 }, shape: [channels])
    let biasName = add("DequantizeLinear", ["\(key)/bias", biasScale], axis)
    let pad = dilation * (kernel / 2)
    var result = add(
      "Conv", [source.name, weightName, biasName],
      [
        "kernel_shape": .integers([kernel, kernel]), "strides": .integers([stride, stride]),
        "dilations": .integers([dilation, dilation]), "pads": .integers([pad, pad, pad, pad]),
        "group": .integer(group),
      ])
    if relu { result = add("Relu", [result]) }
    return quantize(result, scale: 0.02, zeroPoint: relu ? 0 : 121, channels: channels)
  }

  mutating func depthwise(_ source: Activation, stride: Int = 1, dilation: Int = 1) -> Activation {
    convolution(
      source, channels: source.channels, kernel: 3, stride: stride, dilation: dilation, group: source.channels)
  }

  mutating func sum(_ left: Activation, _ right: Activation, operation: String = "Add") -> Activation {
    quantize(add(operation, [left.name, right.name]), scale: 0.03, zeroPoint: 80, channels: left.channels)
  }

  mutating func resize(_ source: Activation, scale: Float) -> Activation {
    let scales = constant("scales\(graph.nodes.count)", floats: [1, 1, scale, scale], shape: [4])
    let resized = add("Resize", [source.name, "", scales], ["mode": .string("linear")])
    return quantize(resized, scale: 0.02, zeroPoint: 0, channels: source.channels)
  }

  mutating func finish(_ output: Activation) -> ModelGraph {
    graph.outputs = [ValueInfo(name: output.name, elementType: .float, shape: [nil, nil, nil, nil])]
    return graph
  }
}

extension QuantizedGraph {
  /// Inverted residuals, strides, dilation, a resize and a second branch, with widths drawn from `seed`.
  static func random(height: Int, width: Int, seed: UInt64) -> ModelGraph {
    var random = SplitMix(state: seed)
    var graph = QuantizedGraph(height: height, width: width, seed: seed)
    let image = graph.picture()
    var x = graph.convolution(image, channels: Int.random(in: 5...40, using: &random), kernel: 3, stride: 2)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let wide = graph.convolution(x, channels: x.channels * Int.random(in: 1...4, using: &random))
      let dilation = Int.random(in: 1...4, using: &random)
      let deep = graph.depthwise(wide, dilation: dilation)
      let narrow = graph.convolution(deep, channels: x.channels, relu: false)
      x = graph.sum(x, narrow)
    }
    let down = graph.depthwise(x, stride: 2)
    let low = graph.convolution(down, channels: 17)
    let up = graph.resize(low, scale: 2)
    return graph.finish(graph.convolution(up, channels: Int.random(in: 2...19, using: &random), relu: false))
  }
}

extension Engine {
  /// Fixed random pixels.
  func fillInput(seed: UInt64) {
    var random = SplitMix(state: seed)
    for y in 0..<input.height {
      for x in 0..<input.width {
        for channel in 0..<4 { input.pixel(y, x)[channel] = UInt8.random(in: 0...255, using: &random) }
      }
    }
  }

  /// Real channels, NHWC.
  var scoreBytes: [UInt8] {
    var bytes: [UInt8] = []
    for y in 0..<scores.height {
      for x in 0..<scores.width {
        for channel in 0..<scores.channels { bytes.append(scores.pixel(y, x)[channel]) }
      }
    }
    return bytes
  }
}

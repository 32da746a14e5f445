import RoadBase
import RoadKernelContract

/// A convolution of int16 as ``Int16ConvolutionArguments`` has it, to be packed for vectors.
public struct Int16PackedLayer {
  public var window: WindowGeometry
  public var groups: Int
  public var groupInputs: Int
  public var groupOutputs: Int
  /// `[output][kernel row][kernel column][input of the group]`.
  public var weights: [Int16]
  /// Of each output channel.
  public var bias: [Int64]
  public var rescalings: [Int16Rescaling]
  public var sourceZeroPoint: Int64
  public var sourceElement: TensorElement

  public init(
    window: WindowGeometry, groups: Int, groupInputs: Int, groupOutputs: Int, weights: [Int16], bias: [Int64],
    rescalings: [Int16Rescaling], sourceZeroPoint: Int64, sourceElement: TensorElement
  ) {
    (self.window, self.groups, self.groupInputs, self.groupOutputs) = (window, groups, groupInputs, groupOutputs)
    (self.weights, self.bias, self.rescalings) = (weights, bias, rescalings)
    (self.sourceZeroPoint, self.sourceElement) = (sourceZeroPoint, sourceElement)
  }

  private var taps: Int { window.kernelHeight * window.kernelWidth }
  private var depth: Int { taps * groupInputs }
  private var isByChannel: Bool { groups > 1 && groupInputs == 1 && groupOutputs == 1 }

  /// ``Int16ConvolutionArguments/productsInInt32``.
  public var productsInInt32: Int {
    let largest = weights.reduce(0) { max($0, Int($1.magnitude)) }
    return Int16ConvolutionArguments.products(inInt32Of: sourceElement, largestWeight: largest)
  }

  /// Whether vectors of 32 bits hold what the layer sums, and the rounding has the bits that they drop.
  fileprivate var fitsVectors: Bool {
    let rule = rescalings.first
    let isOneRange = rescalings.allSatisfy {
      $0.shift >= 17 && $0.zeroPoint == rule?.zeroPoint && $0.low == rule?.low && $0.high == rule?.high
    }
    let isInReach =
      isByChannel
      ? groups <= Int16PackedArguments.largestColumn && taps <= productsInInt32
      : (depth + 1) * 2 <= Int16PackedArguments.largestWindowBytes
    return productsInInt32 >= 2 && isOneRange && isInReach
  }

  fileprivate func packed(lanes: Int) -> [UInt8] { isByChannel ? byChannel : panels(lanes) }

  private var byChannel: [UInt8] {
    let layout = Int16PanelLayout(channels: groups, taps: taps)
    var bytes = [UInt8](repeating: 0, count: layout.byteCount)
    bytes.withUnsafeMutableBytes { to in
      writeRule(Array(0..<groups), layout, to)
      for (index, weight) in weights.enumerated() {
        let (channel, tap) = (index / taps, index % taps)
        to.storeBytes(of: weight, toByteOffset: layout.weights + tap * layout.rowBytes + 2 * channel, as: Int16.self)
      }
    }
    return bytes
  }

  private func panels(_ lanes: Int) -> [UInt8] {
    let layout = Int16PanelLayout(lanes: lanes, pairs: (depth + 1) / 2)
    let count = (groupOutputs + lanes - 1) / lanes
    var bytes = [UInt8](repeating: 0, count: groups * count * layout.byteCount)
    bytes.withUnsafeMutableBytes { all in
      for panel in 0..<groups * count {
        let first = panel / count * groupOutputs + panel % count * lanes
        let outputs = Array(first..<min(first + lanes, (panel / count + 1) * groupOutputs))
        let to = UnsafeMutableRawBufferPointer(rebasing: all[panel * layout.byteCount..<(panel + 1) * layout.byteCount])
        writeRule(outputs, layout, to)
        for (lane, output) in outputs.enumerated() {
          for index in 0..<depth {
            let place = layout.weights + index / 2 * layout.rowBytes + 4 * lane + 2 * (index % 2)
            to.storeBytes(of: weights[output * depth + index], toByteOffset: place, as: Int16.self)
          }
        }
      }
    }
    return bytes
  }

  private func writeRule(_ outputs: [Int], _ layout: Int16PanelLayout, _ to: UnsafeMutableRawBufferPointer) {
    for (lane, output) in outputs.enumerated() {
      let sum = weights[output * depth..<(output + 1) * depth].reduce(Int64(0)) { $0 + Int64($1) }
      let rule = rescalings[output]
      to.storeBytes(of: bias[output] - sourceZeroPoint * sum, toByteOffset: 8 * lane, as: Int64.self)
      to.storeBytes(of: rule.rounding, toByteOffset: layout.roundings + 8 * lane, as: Int64.self)
      to.storeBytes(of: rule.shift - 16, toByteOffset: layout.shifts + 8 * lane, as: Int64.self)
      let multiplier = Int32(truncatingIfNeeded: rule.multiplier)
      to.storeBytes(of: multiplier, toByteOffset: layout.multipliers + 4 * lane, as: Int32.self)
    }
  }
}

/// A convolution of int16 in vectors, where an instruction set has one.
public struct Int16PackedKernel: Sendable {
  public let name: String
  public let run: @Sendable (UnsafePointer<Int16PackedArguments>, _ firstRow: Int, _ endRow: Int) -> Void
  private let lanes: Int

  /// - Parameter lanes: output channels of a panel: two vectors of 32-bit sums.
  init(
    _ name: String, lanes: Int, _ run: @escaping @Sendable (UnsafePointer<Int16PackedArguments>, Int, Int) -> Void
  ) {
    (self.name, self.lanes, self.run) = (name, lanes, run)
  }

  /// - Returns: what ``Int16PackedArguments/packed`` points at; nil for a layer that only the reference computes.
  public func pack(_ layer: Int16PackedLayer) -> [UInt8]? { layer.fitsVectors ? layer.packed(lanes: lanes) : nil }
}

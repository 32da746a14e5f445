import Glibc
import RoadBase
import RoadKernelContract
import RoadModel

extension Lowering {
  /// A constant as a tensor of bytes: with its own scale where it has one for all, else with the extremes' scale; or of
  /// 16 bits.
  mutating func activation(of constant: ConstantTensor, inInt16: Bool = false) throws(RoadError) -> ElementView {
    let numbers = constant.reals
    guard !numbers.isEmpty, numbers.allSatisfy(\.isFinite), constant.shape.allSatisfy({ $0 > 0 }) else {
      throw RoadError(.model, "constant '\(constant.name)' is empty or not finite")
    }
    let bytesFormat = format(of: constant, numbers)
    let format = inInt16 ? bytesFormat.int16 : bytesFormat
    let arrangement = Arrangement(canonical: constant.shape)
    let elements = arrangement.elements(of: constant.shape)
    let size = format.element.size
    var bytes = [UInt8](repeating: 0, count: numbers.count * size)
    for (position, number) in zip(elements.offsets, numbers) {
      let integer = format.quantize(number)
      for byte in 0..<size { bytes[position * size + byte] = UInt8(truncatingIfNeeded: integer >> (8 * byte)) }
    }
    let output = network.addTensor(constant.name, arrangement.plane(of: constant.shape), format)
    network.append(ConstantLayer(name: constant.name, output: output, bytes: bytes, elementSize: size))
    return ElementView(tensor: output, elements: elements)
  }

  private func format(of constant: ConstantTensor, _ numbers: [Float]) -> TensorFormat {
    if let own = constant.scale, own.scales.count == 1 {
      let zeroPoint = own.zeroPoints[0] + (constant.data.elementType == .int8 ? 128 : 0)
      if (0...255).contains(zeroPoint) {
        return TensorFormat(Quantization(scale: own.scales[0], zeroPoint: UInt8(zeroPoint)))
      }
    }
    return .spanning(numbers.min() ?? 0, numbers.max() ?? 0)
  }
}

import Glibc
import RoadBase
import RoadKernelContract
import RoadModel

/// Writes a constant tensor: position codes, learned maps.
struct ConstantLayer: Layer {
  let name: String
  let kind = LayerKind.constant
  let output: TensorID
  /// The plane without padding.
  let bytes: [UInt8]
  let elementSize: Int

  var inputs: [TensorID] { [] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let bytes = UnsafePointer(context.memory.copy(bytes))
    let elementSize = elementSize
    return PreparedLayer(kernel: "constant") { _, destination, rows in
      let size = destination.channels * elementSize
      for y in rows {
        for x in 0..<destination.width {
          memcpy(destination.pixel(y, x), bytes + (y * destination.width + x) * size, size)
        }
      }
    }
  }
}

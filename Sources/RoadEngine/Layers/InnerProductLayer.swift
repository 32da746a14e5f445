import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Product of two matrices of activations.
struct InnerProductLayer: Layer {
  let name: String
  let kind = LayerKind.innerProduct
  let left: TensorID
  let right: TensorID
  let output: TensorID
  let leftRows: Int
  let rightStep: Int
  let rescaling: Rescaling
  let leftZeroPoint: UInt8
  let rightZeroPoint: UInt8

  var inputs: [TensorID] { [left, right] }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int {
    network.tensors[output].height * network.tensors[output].channels * network.tensors[left].channels
  }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let kernel = context.kernels.innerProduct
    let layer = self
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = InnerProductArguments(
        left: sources[0], right: sources[1], destination: destination, leftRows: layer.leftRows,
        rightStep: layer.rightStep, rescaling: layer.rescaling, leftZeroPoint: layer.leftZeroPoint,
        rightZeroPoint: layer.rightZeroPoint)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }
}

import RoadKernelContract
import RoadKernels

/// What a layer may use while the plan is made.
struct PlanContext {
  let kernels: KernelSet
  let memory: PlanMemory
}

/// A layer with its kernel chosen and its constants packed. It owns no tensor: it computes rows from whatever views it
/// is given, so that the same layer can run over whole tensors or over strips of them.
struct PreparedLayer {
  /// "convolution/avx512vnni", ...
  let kernel: String
  /// Computes rows of the destination; `sources` has a view for each of the layer's inputs. Never allocates.
  let run: (_ sources: UnsafePointer<TensorView>, _ destination: TensorView, _ rows: Range<Int>) -> Void
}

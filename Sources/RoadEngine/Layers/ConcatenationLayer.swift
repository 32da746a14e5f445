import Foundation
import RoadBase
import RoadKernelContract
import RoadKernels
import RoadModel

/// Joins tensors; each brings its own scale to that of the result.
struct ConcatenationLayer: Layer {
  let name: String
  let kind = LayerKind.concatenation
  let inputs: [TensorID]
  let output: TensorID
  let axis: ConcatenationArguments.Axis
  let starts: [Int32]
  /// Nil: the bytes as they are.
  let tables: [[UInt8]?]

  var rowWindow: WindowGeometry? { axis == .channels ? .pixel : nil }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let starts = UnsafePointer(context.memory.copy(starts))
    var pointers: [UnsafePointer<UInt8>?] = []
    for table in tables { pointers.append(table.map { UnsafePointer(context.memory.copy($0)) }) }
    let tables = UnsafePointer(context.memory.copy(pointers))
    let (axis, count) = (axis, inputs.count)
    let kernel = context.kernels.concatenation
    if axis == .channels, self.starts.allSatisfy({ $0 % Int32(TensorView.channelBlock) == 0 }),
      self.tables.contains(where: { $0 != nil })
    {
      return prepareSlices(&context, tables)
    }
    return PreparedLayer(kernel: kernel.name) { sources, destination, rows in
      var arguments = ConcatenationArguments(
        sources: sources, count: count, destination: destination, axis: axis, starts: starts, tables: tables)
      kernel.run(&arguments, rows.lowerBound, rows.upperBound)
    }
  }

  /// Every part starts at a channel block: the table kernel of the instruction set writes it in place.
  private func prepareSlices(
    _ context: inout PlanContext, _ tables: UnsafePointer<UnsafePointer<UInt8>?>
  ) -> PreparedLayer {
    let (kernel, copy) = (context.kernels.table, context.kernels.concatenation)
    var lines: [UnsafePointer<AffineBytes>?] = []
    for table in self.tables {
      let line = table.flatMap { AffineBytes.fitting($0) }
      lines.append(line.map { UnsafePointer(context.memory.copy([$0])) })
    }
    let (allLines, starts) = (UnsafePointer(context.memory.copy(lines)), UnsafePointer(context.memory.copy(starts)))
    let (count, none) = (inputs.count, UnsafePointer(context.memory.copy([UnsafePointer<UInt8>?.none])))
    return PreparedLayer(kernel: "concatenation/\(kernel.name)") { sources, destination, rows in
      for index in 0..<count {
        guard let table = tables[index] else {
          var arguments = ConcatenationArguments(
            sources: sources + index, count: 1, destination: destination, axis: .channels, starts: starts + index,
            tables: none)
          copy.run(&arguments, rows.lowerBound, rows.upperBound)
          continue
        }
        var slice = destination
        slice.base += Int(starts[index])
        slice.channels = sources[index].channels
        var arguments = TableArguments(
          source: sources[index], destination: slice, tables: table, perChannel: false, affine: allLines[index])
        kernel.run(&arguments, rows.lowerBound, rows.upperBound)
      }
    }
  }
}

/// Joins tensors of which one, or the result, has 16 bits.
struct Int16ConcatenationLayer: Layer {
  /// One input: its integers, the table to those of the result (nil: as they are), and where along the axis it starts.
  struct Part {
    var source: TensorID
    var element: TensorElement
    var table: ConversionLayer.Table?
    var start: Int
  }

  let name: String
  let kind = LayerKind.concatenation
  let parts: [Part]
  let output: TensorID
  let to: TensorElement
  let axis: ConcatenationArguments.Axis

  var inputs: [TensorID] { parts.map(\.source) }
  func halo(ofInput input: Int, in network: LoweredNetwork) -> Int { 0 }
  func multiplyAccumulates(in network: LoweredNetwork) -> Int { 0 }

  func prepare(_ context: inout PlanContext) throws(RoadError) -> PreparedLayer {
    let memory = context.memory
    let steps = parts.map { part in
      (context.kernels.int16.conversion(from: part.element, to: to), part.table?.copy(to: memory), part.start)
    }
    let (axis, size) = (axis, to.size)
    return PreparedLayer(kernel: "concatenation/wide") { sources, destination, rows in
      for (index, (kernel, table, start)) in steps.enumerated() {
        let source = sources[index]
        var (slice, own) = (destination, rows)
        switch axis {
        case .channels: slice.base += start * size
        case .columns: slice.base = destination.pixel(0, start)
        case .rows:
          slice.base = destination.pixel(start, 0)
          own = rows.clamped(to: start..<start + source.height)
          own = own.lowerBound - start..<own.upperBound - start
        }
        guard !own.isEmpty else { continue }
        var arguments = ConversionArguments(source: source, destination: slice, table: table, channelStep: 0)
        kernel.run(&arguments, own.lowerBound, own.upperBound)
      }
    }
  }
}

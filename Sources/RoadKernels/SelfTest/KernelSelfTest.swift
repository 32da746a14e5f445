import RoadKernelContract

/// Runs the kernels of an instruction set on this very machine and compares their bytes with the reference's: a
/// processor, an emulator or a compiler that computes something else is found before anybody trusts a mask.
///
/// Some 200 small cases, chosen for the widths at which vector loops end; they take some milliseconds. The tests of
/// the kernels themselves (`Tests/RoadKernelsTests`) are far wider.
public enum KernelSelfTest {
  /// The kernels whose bytes differ from the reference's, by name; none on a machine that works.
  public static func mismatches(of set: KernelSet) -> [String] {
    let checks: [(String, () -> Bool)] = [
      (set.convolution.name, { convolutions(set, depthwise: false) }),
      (set.depthwise.name, { convolutions(set, depthwise: true) }),
      (set.addition.name, { additions(set) }),
      (set.resize.name, { resizes(set) }),
      (set.table.name, { tables(set) }),
      (set.blendRow.name, { blends(set) }),
      (set.interpolateRow.name, { interpolations(set) }),
      (set.packedYUVRow.name, { packedYUV(set) }),
      (set.roadCodesRow.name, { roadCodes(set) }),
      (set.classRow.name, { classes(set) }),
      (set.greyRow.name, { greys(set) }),
      (set.steadyRow.name, { steadies(set) }),
      (set.int16.convolution(from: .int16, to: .int16).name, { int16Convolutions(set) }),
    ]
    let special = [(set.winograd, 3, 32), (set.pointwise, 1, 32), (set.picture, 3, 3)]
      .compactMap { kernel, side, channels in kernel.map { ($0, side, channels) } }
    return checks.filter { !$0.1() }.map(\.0) + special.filter { !denseOfOneWindow(set, $0, $1, $2) }.map(\.0.name)
  }

  /// Every instruction set of this machine but the reference, each with what differs.
  public static func ofThisMachine() -> [(instructionSet: InstructionSet, mismatches: [String])] {
    InstructionSet.available.filter { $0 != .reference }.map { ($0, mismatches(of: .of($0))) }
  }

  /// - Parameter run: gives the bytes of one case with the kernels of a set.
  private static func agree(_ set: KernelSet, _ run: (KernelSet) -> [UInt8]) -> Bool { run(set) == run(.reference) }

  // MARK: - Layers

  private static func convolutions(_ set: KernelSet, depthwise: Bool) -> Bool {
    let windows = [
      WindowGeometry(kernelHeight: 1, kernelWidth: 1),
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1),
      WindowGeometry(kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1),
    ]
    for (number, window) in windows.enumerated() {
      for (width, channels) in [(1, 16), (7, 32), (13, 24), (17, 64), (33, 16)] {
        for extreme in [false, true] {
          let seed = number * 1000 + width * 10 + (extreme ? 1 : 0)
          let isSame = agree(set) { set in
            convolve(
              depthwise ? set.depthwise : set.convolution, window, width: width, channels: channels,
              depthwise: depthwise, extreme: extreme, seed: seed)
          }
          if !isSame { return false }
        }
      }
    }
    return true
  }

  /// A kernel for dense convolutions of one window, against the reference's convolution.
  private static func denseOfOneWindow(
    _ set: KernelSet, _ kernel: WeightKernel, _ side: Int, _ least: Int
  ) -> Bool {
    let window = WindowGeometry(kernelHeight: side, kernelWidth: side, padTop: side / 2, padLeft: side / 2)
    return [(1, least), (7, least), (12, least * 5 / 4), (33, least < 16 ? least : 2 * least)].allSatisfy {
      width, channels in
      [false, true].allSatisfy { extreme in
        agree(set) { set in
          convolve(
            set.instructionSet == .reference ? set.convolution : kernel, window, width: width, channels: channels,
            depthwise: false, extreme: extreme, seed: width + channels)
        }
      }
    }
  }

  private static func convolve(
    _ kernel: WeightKernel, _ window: WindowGeometry, width: Int, channels: Int, depthwise: Bool, extreme: Bool,
    seed: Int
  ) -> [UInt8] {
    var numbers = SelfTestNumbers(seed: seed)
    let seen = depthwise ? 1 : channels
    let products = seen * window.kernelHeight * window.kernelWidth
    let spread = 2 + (Int.bitWidth - products.leadingZeroBitCount) / 2
    let layer = WeightLayer(
      outputChannels: channels, inputChannels: seen, kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth,
      weights: (0..<channels * products).map { _ in
        extreme ? (numbers.next() & 1 == 0 ? 127 : -127) : Int8(numbers.integer(-127...127))
      },
      bias: (0..<channels).map { _ in Int32(numbers.integer(-20000...20000)) },
      shift: (0..<channels).map { _ in Int32(extreme ? numbers.integer(0...24) : spread + numbers.integer(0...2)) },
      multiplier: (0..<channels).map { _ in Int16(numbers.integer(512...4096)) }, onnxRuntimeFactors: nil,
      inputZeroPoint: 3)
    let source = SelfTestTensor(
      height: 3 * window.strideHeight, width: width * window.strideWidth, channels: channels, halo: 2, &numbers)
    let target = SelfTestTensor(height: 3, width: width, channels: channels, &numbers)
    let packed = UnsafeMutableRawBufferPointer.allocate(
      byteCount: kernel.packedByteCount(layer), alignment: WeightLayer.alignment)
    defer { packed.deallocate() }
    packed.initializeMemory(as: UInt8.self, repeating: 0)
    kernel.pack(layer, packed)
    guard let weights = UnsafeRawPointer(packed.baseAddress) else { return [] }
    var arguments = ConvolutionArguments(
      source: source.view, destination: target.view, window: window, packed: weights, zeroPoint: extreme ? 0 : 9,
      low: extreme ? 0 : 4, high: extreme ? 255 : 250)
    return withExtendedLifetime((source, target)) {
      kernel.run(&arguments, 0, 3)
      return target.values
    }
  }

  private static func additions(_ set: KernelSet) -> Bool {
    [(1, 1), (5, 16), (7, 48), (13, 80)].allSatisfy { width, channels in
      agree(set) { set in
        var numbers = SelfTestNumbers(seed: width)
        let tensors = (0..<3).map { _ in SelfTestTensor(height: 2, width: width, channels: channels, &numbers) }
        var arguments = AdditionArguments(
          left: tensors[0].view, right: tensors[1].view, destination: tensors[2].view, leftMultiplier: 9000,
          rightMultiplier: -12345, bias: 400_000, shift: 13, zeroPoint: 11, low: 5, high: 250)
        return withExtendedLifetime(tensors) {
          set.addition.run(&arguments, 0, 2)
          return tensors[2].values
        }
      }
    }
  }

  private static func resizes(_ set: KernelSet) -> Bool {
    [(1, 16), (9, 16), (14, 48), (33, 32)].allSatisfy { width, channels in
      agree(set) { set in
        var numbers = SelfTestNumbers(seed: width)
        let source = SelfTestTensor(height: 3, width: 5, channels: channels, &numbers)
        let target = SelfTestTensor(height: 4, width: width, channels: channels, &numbers)
        let (columns, rows) = (taps(width, of: 5, &numbers), taps(4, of: 3, &numbers))
        return columns.withUnsafeBufferPointer { columns in
          rows.withUnsafeBufferPointer { rows in
            guard let columns = columns.baseAddress, let rows = rows.baseAddress else { return [] }
            var arguments = ResizeArguments(
              source: source.view, destination: target.view, columns: columns, rows: rows)
            return withExtendedLifetime((source, target)) {
              set.resize.run(&arguments, 0, 4)
              return target.values
            }
          }
        }
      }
    }
  }

  private static func taps(_ count: Int, of size: Int, _ numbers: inout SelfTestNumbers) -> [ResizeTap] {
    (0..<count).map { _ in
      let first = numbers.integer(0...size - 1)
      return ResizeTap(
        first: Int32(first), second: Int32(min(first + 1, size - 1)), secondWeight: Int32(numbers.integer(0...2048)))
    }
  }

  private static func tables(_ set: KernelSet) -> Bool {
    [(1, 16), (5, 40), (17, 64)].allSatisfy { width, channels in
      agree(set) { set in
        var numbers = SelfTestNumbers(seed: width)
        let source = SelfTestTensor(height: 2, width: width, channels: channels, &numbers)
        let target = SelfTestTensor(height: 2, width: width, channels: channels, &numbers)
        let table = (0..<256).map { UInt8(min(255, 10 + $0 * 3 / 4)) }
        return table.withUnsafeBufferPointer { table in
          guard let base = table.baseAddress else { return [] }
          var arguments = TableArguments(
            source: source.view, destination: target.view, tables: base, perChannel: false)
          return withExtendedLifetime((source, target)) {
            set.table.run(&arguments, 0, 2)
            return target.values
          }
        }
      }
    }
  }
}

import Foundation
import RoadKernelContract
import RoadKernels
import Synchronization
import Testing

@Suite struct KernelSelfTestTests {
  /// It is part of the first start, where it takes some hundredths of a second; an emulated processor takes seconds.
  @Test("this machine's kernels pass", arguments: InstructionSet.available)
  func passes(set: InstructionSet) {
    let begin = Self.threadSeconds()
    #expect(KernelSelfTest.mismatches(of: .of(set)) == [])
    #expect(Self.threadSeconds() - begin < 30)
  }

  /// Of the processor, for this thread: others have no part in it.
  private static func threadSeconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int(time.tv_sec)
  }

  /// Each kernel in turn does what the reference does, and then one thing wrong: the last byte that it wrote.
  @Test("a kernel with one wrong byte is found and named")
  func findsWrongKernels() throws {
    let reference = KernelSet.of(.reference)
    var set = reference
    set.convolution = reference.convolution.spoiled { $0.destination.spoil() }
    #expect(KernelSelfTest.mismatches(of: set) == [reference.convolution.name])
    set = reference
    set.depthwise = reference.depthwise.spoiled { $0.destination.spoil() }
    #expect(KernelSelfTest.mismatches(of: set) == [reference.depthwise.name])
    set = reference
    set.addition = reference.addition.spoiled { $0.destination.spoil() }
    #expect(KernelSelfTest.mismatches(of: set) == [reference.addition.name])
    set = reference
    set.resize = reference.resize.spoiled { $0.destination.spoil() }
    #expect(KernelSelfTest.mismatches(of: set) == [reference.resize.name])
    set = reference
    set.table = reference.table.spoiled { $0.destination.spoil() }
    #expect(KernelSelfTest.mismatches(of: set) == [reference.table.name])
    set = reference
    set.packedYUVRow = reference.packedYUVRow.spoiled { $0.destination[8 * $0.pairs - 1] ^= 1 }
    set.blendRow = reference.blendRow.spoiled { $0.destination[$0.count - 1] ^= 1 }
    set.interpolateRow = reference.interpolateRow.spoiled { $0.destination[4 * $0.count - 1] ^= 1 }
    set.roadCodesRow = reference.roadCodesRow.spoiled { $0.destination[$0.count - 1] ^= 1 }
    set.classRow = reference.classRow.spoiled { $0.destination[16 * $0.endBlock - 1] ^= 1 }
    set.greyRow = reference.greyRow.spoiled { $0.destination[$0.count - 1] ^= 1 }
    set.steadyRow = reference.steadyRow.spoiled { $0.destination[$0.count - 1] ^= 1 }
    let rows = [
      reference.blendRow.name, reference.interpolateRow.name, reference.packedYUVRow.name, reference.roadCodesRow.name,
      reference.classRow.name, reference.greyRow.name, reference.steadyRow.name,
    ]
    #expect(KernelSelfTest.mismatches(of: set) == rows)
  }

  @Test("a wrong kernel makes the reference run, says so loudly and at each start")
  func fallsBack() throws {
    let best = try InstructionSet.best()
    guard best != .reference else { return }
    let folder = FileManager.default.temporaryDirectory.appending(path: "self-test-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let fallbacks = Counter()
    for turn in 1...2 {
      let check = FirstStartCheck(folder: folder, version: "1") { set in
        var wrong = set
        wrong.addition = set.addition.spoiled { $0.destination.spoil() }
        return KernelSelfTest.mismatches(of: wrong)
      } fallBack: {
        _ = fallbacks.count([])
      }
      let complaint = try #require(try check.run())
      #expect(complaint.hasPrefix("WRONG RESULTS of this machine's \(best.rawValue) kernels (addition/"))
      #expect(complaint.contains("roadseg doctor"))
      #expect(fallbacks.value == turn)
    }
    for name in [nil, "", best.rawValue] {
      #expect(try InstructionSet.chosen(name, isDistrusted: true) == .reference)
      #expect(try InstructionSet.chosen(name, isDistrusted: false) == best)
    }
  }

  @Test("the first start tests, the second remembers; another version or a failure does not")
  func remembers() throws {
    guard try InstructionSet.best() != .reference else { return }
    let folder = FileManager.default.temporaryDirectory.appending(path: "self-test-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let tests = Counter()
    func check(_ version: String, folder: String?) throws -> String? {
      try FirstStartCheck(folder: folder, version: version) { _ in tests.count([]) }.run()
    }
    #expect(try check("1", folder: folder) == nil && tests.value == 1)
    #expect(try check("1", folder: folder) == nil && tests.value == 1)
    #expect(try check("2", folder: folder) == nil && tests.value == 2)
    #expect(try check("2", folder: nil) == nil && tests.value == 3)
    #expect(try check("2", folder: "/proc/none") == nil && tests.value == 4)
  }
}

private final class Counter: Sendable {
  private let number = Atomic<Int>(0)
  var value: Int { number.load(ordering: .relaxed) }

  func count(_ answer: [String]) -> [String] {
    number.add(1, ordering: .relaxed)
    return answer
  }
}

extension TensorView {
  /// The last channel of the last pixel.
  fileprivate func spoil() { pixel(height - 1, width - 1)[channels - 1] ^= 1 }
}

extension WeightKernel {
  fileprivate func spoiled(_ body: @escaping @Sendable (ConvolutionArguments) -> Void) -> WeightKernel {
    replacing { [run] arguments, first, end in
      run(arguments, first, end)
      body(arguments.pointee)
    }
  }
}

extension PlainKernel {
  fileprivate func spoiled(_ body: @escaping @Sendable (Arguments) -> Void) -> PlainKernel {
    replacing { [run] arguments, first, end in
      run(arguments, first, end)
      body(arguments.pointee)
    }
  }
}

extension RowKernel {
  fileprivate func spoiled(_ body: @escaping @Sendable (Arguments) -> Void) -> RowKernel {
    replacing { [run] arguments in
      run(arguments)
      body(arguments.pointee)
    }
  }
}

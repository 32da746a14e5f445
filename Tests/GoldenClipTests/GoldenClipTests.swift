import Foundation
import RoadEngine
import RoadFrame
import RoadKernels
import RoadMask
import RoadPipeline
import RoadSeg
import Testing

/// The promise to users: the same frame and model give the same mask, on every board, instruction set and thread count.
///
/// `masks.txt` holds the hash of each mask of a clip of the synthetic road under the shipped model. After a change of
/// the model or the road, `ROADSEG_RECORD=1 swift test -c release --filter GoldenClipTests` writes it anew.
@Suite struct GoldenClipTests {
  static let size = PictureSize(width: 640, height: 480)
  /// Through a day of the road, dusk included.
  static let frames: [UInt64] = [0, 30, 240, 600, 900, 1300]
  static let folder = URL(
    filePath: ProcessInfo.processInfo.environment["ROADSEG_GOLDEN_CLIP"]
      ?? URL(filePath: #filePath).deletingLastPathComponent().path)
  static let file = folder.appending(path: "masks.txt")

  /// Those of this machine, or of them the ones that the environment names: an emulated processor is slow.
  static let instructionSets: [InstructionSet] = {
    guard let names = ProcessInfo.processInfo.environment["ROADSEG_GOLDEN_SETS"] else {
      return InstructionSet.available
    }
    return InstructionSet.available.filter { names.split(separator: ",").contains(Substring($0.rawValue)) }
  }()

  @Test(arguments: instructionSets, [1, 3])
  func masksAreTheGoldenOnes(instructionSet: InstructionSet, threads: Int) throws {
    // The reference kernels are the law, not fast: two frames tell.
    let frames = instructionSet == .reference ? Array(Self.frames.prefix(threads == 1 ? 2 : 1)) : Self.frames
    let found = try Self.hashes(of: frames, instructionSet: instructionSet, threads: threads)
    if ProcessInfo.processInfo.environment["ROADSEG_RECORD"] != nil {
      guard frames.count == Self.frames.count else { return }
      try (found.joined(separator: "\n") + "\n").write(to: Self.file, atomically: true, encoding: .utf8)
      return
    }
    let golden = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").map(String.init)
    #expect(found == Array(golden.prefix(found.count)))
  }

  /// Every network that is shipped, whole, on one frame.
  @Test(arguments: instructionSets) func everyNetworkGivesItsGoldenMask(instructionSet: InstructionSet) throws {
    let file = Self.folder.appending(path: "networks.txt")
    let golden = try? String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    // The plain reference takes minutes for the larger ones.
    let names = instructionSet == .reference ? [ShippedModels.defaultName] : ShippedModels.names
    let found = try names.map { try Self.hash(ofNetwork: $0, instructionSet: instructionSet) }
    if ProcessInfo.processInfo.environment["ROADSEG_RECORD"] != nil {
      guard instructionSet != .reference else { return }
      try (found.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let known = try #require(golden)
    #expect(instructionSet == .reference ? known.contains(found[0]) : found == known)
  }

  /// A network trained on photographs finds the drawn road: the true class of every pixel is known here.
  @Test func theRoadIsFound() throws {
    let scene = try SyntheticScene(size: Self.size, seed: 1)
    var confusion = ConfusionMatrix(classes: ClassTable.driving7.count)
    try Self.forEachMask(of: Self.frames, instructionSet: nil, threads: 2) { frame, map in
      let label = ClassMap(size: Self.size)
      _ = label.bytes.update(fromContentsOf: scene.groundTruth(frame: frame))
      try confusion.add(prediction: map, label: label, file: "frame \(frame)")
    }
    let road = try #require(SegmentationScores(confusion, table: .driving7).roadIoU)
    #expect(road > 0.85, "road IoU \(road)")
  }

  static func hash(ofNetwork name: String, instructionSet: InstructionSet) throws -> String {
    let options = EngineOptions(threads: 2, instructionSet: instructionSet)
    let segmenter = try IntegerSegmenter(ShippedModels.load(name), name: name, classes: nil, options: options)
    let scene = try SyntheticScene(size: size, seed: 1)
    let picture = Picture(size: size)
    scene.render(frame: 240, pixels: picture.base, rowPitch: picture.rowPitch)
    return "\(name) \(ClassMap.text(ofHash: segmenter.classMap(of: picture, size: size).hash))"
  }

  static func hashes(of frames: [UInt64], instructionSet: InstructionSet, threads: Int) throws -> [String] {
    var lines: [String] = []
    try forEachMask(of: frames, instructionSet: instructionSet, threads: threads) { frame, map in
      // FNV-1a, 64 bits.
      let hash = map.bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      lines.append("\(frame) \(String(hash, radix: 16))")
    }
    return lines
  }

  static func forEachMask(
    of frames: [UInt64], instructionSet: InstructionSet?, threads: Int, _ body: (UInt64, ClassMap) throws -> Void
  ) throws {
    let options = EngineOptions(threads: threads, instructionSet: instructionSet)
    let engine = try Engine(model: ShippedModels.load(), options: options)
    let segmenter = NetworkSegmenter(engine: engine, name: "golden", classes: .driving7, pictureSize: size)
    let scene = try SyntheticScene(size: size, seed: 1)
    let picture = Picture(size: size)
    let map = ClassMap(size: size)
    for frame in frames {
      scene.render(frame: frame, pixels: picture.base, rowPitch: picture.rowPitch)
      _ = segmenter.segment(picture, into: map)
      try body(frame, map)
    }
  }
}

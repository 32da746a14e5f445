import Foundation
import RoadFrame
import Testing

/// Interrupted runs, what is written, what is painted, and pictures that do not fit.
@Suite("roadseg run: options")
struct RunOptionsTests {
  private func run(_ arguments: [String], _ folder: String, environment: [String: String] = [:]) throws -> Roadseg {
    try Roadseg.run(
      ["run"] + arguments + ["--output", "\(folder)/m", "--model", Roadseg.model], environment: environment)
  }

  @Test("a run that was interrupted goes on where it was, and does changed pictures again")
  func resume() throws {
    try withFolder { folder in
      for name in ["a", "b", "c"] {
        try FileManager.default.copyItem(atPath: RunTests.picture, toPath: "\(folder)/\(name).jpg")
      }
      #expect(try run(["\(folder)/a.jpg", "\(folder)/b.jpg"], folder).status == 0)
      try FileManager.default.removeItem(atPath: "\(folder)/m/road/b.png")
      let again = try run([folder, "--resume", "--json"], folder)
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output.contains("\"resumed\":1"))
      #expect(again.output.contains("\"written\":2"))
      #expect(files(below: "\(folder)/m/overlay") == ["a.jpg", "b.jpg", "c.jpg"])
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: "\(folder)/a.jpg")
      let changed = try run([folder, "--resume", "--json"], folder)
      #expect(changed.output.contains("\"resumed\":2"))
      #expect(changed.output.contains("\"written\":1"))
      let whole = try run([folder, "--resume"], folder)
      #expect(whole.status == 0)
    }
  }

  @Test("an interrupted stream goes on behind its last written frame")
  func resumeStream() throws {
    try withFolder { folder in
      let stream = Roadseg.golden("RoadCameraTests/Goldens/pattern.mjpeg")
      #expect(try run([stream, "--frames", "1"], folder).status == 0)
      let again = try run([stream, "--resume", "--json"], folder)
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output.contains("\"written\":2"))
      #expect(files(below: "\(folder)/m/road") == (0..<3).map { "frame-00000\($0).png" })
    }
  }

  @Test("maps of confidence: less sure where classes meet")
  func confidence() throws {
    try withFolder { folder in
      let result = try run([RunTests.picture, "--write", "classes", "--confidence"], folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(files(below: "\(folder)/m") == ["classes/frame-1.png", "confidence/frame-1.png"])
      let classes = try PNG.labels(path: "\(folder)/m/classes/frame-1.png")
      let margins = try PNG.labels(path: "\(folder)/m/confidence/frame-1.png").values.map { Int($0) }
      #expect(margins.count == classes.values.count && Set(margins).count > 2)
      let values = Array(classes.values)
      let borders = values.indices.dropLast().filter { values[$0] != values[$0 + 1] }
      let mean = Double(margins.reduce(0, +)) / Double(margins.count)
      #expect(!borders.isEmpty)
      #expect(Double(borders.reduce(0) { $0 + margins[$1] }) / Double(max(borders.count, 1)) < mean)
    }
  }

  @Test("what is written can be chosen, palettes in chosen colours")
  func kinds() throws {
    try withFolder { folder in
      let result = try run([RunTests.picture, "--write", "palette,classes"], folder)
      #expect(result.status == 0, "\(result.errors)")
      #expect(files(below: "\(folder)/m") == ["classes/frame-1.png", "palette/frame-1.png"])
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/m/palette/frame-1.png"))
      #expect(bytes[25] == 3, "a paletted PNG")
      let wrong = try Roadseg.run(["run", RunTests.picture, "--output", folder, "--write", "masks"])
      #expect(wrong.status == 64)
    }
  }

  @Test("a class that is never an answer: the others keep theirs, those behind it move up")
  func excludedClass() throws {
    try withFolder { folder in
      func classes(_ options: [String]) throws -> [UInt8] {
        let output = "\(folder)/\(options.count)"
        let result = try Roadseg.run(
          ["run", RunTests.picture, "--model", "contextnet", "--write", "classes", "--output", output] + options)
        try #require(result.status == 0, "\(result.errors)")
        let picture = try PictureFile.read("\(output)/classes/frame-1.png")
        return (0..<picture.size.height).flatMap { y in
          (0..<picture.size.width).map { picture.row(y)[4 * $0] }
        }
      }
      let all = try classes([])
      let counts = Dictionary(grouping: all, by: \.self).mapValues(\.count)
      let left = try #require(counts.filter { $0.key != 0 }.max { $0.value < $1.value }?.key)
      let others = try classes(["--exclude-class", "\(left)"])
      #expect(others.max() ?? 0 < 6, "of seven classes six are left")
      let kept = zip(all, others).filter { $0.0 != left }
      #expect(kept.allSatisfy { $0.1 == ($0.0 > left ? $0.0 - 1 : $0.0) })
      let wrong = try run([RunTests.picture, "--exclude-class", "lava"], folder)
      #expect(wrong.status == 1 && wrong.errors.contains("lava"), "\(wrong.errors)")
    }
  }

  @Test("classes, colours and alpha of the overlay")
  func paint() throws {
    try withFolder { folder in
      func overlay(_ options: [String], _ name: String) throws -> Data? {
        let result = try Roadseg.run(
          ["run", RunTests.picture, "--output", "\(folder)/\(name)", "--model", Roadseg.model] + options)
        #expect(result.status == 0, "\(result.errors)")
        return FileManager.default.contents(atPath: "\(folder)/\(name)/overlay/frame-1.jpg")
      }
      let usual = try overlay([], "usual")
      #expect(try overlay(["--paint", "all"], "all") != usual)
      let all = try overlay(["--paint", "all"], "all2")
      #expect(try overlay(["--paint", "all", "--alpha", "0.9"], "alpha") != all)
      let wrong = try run([RunTests.picture, "--paint", "unicorn"], folder)
      #expect(wrong.status == 1)
      #expect(wrong.errors.contains("--paint: the model has no class 'unicorn'; it has "))
      #expect(try run([RunTests.picture, "--colours", "drivable=blue"], folder).status == 1)
      #expect(try run([RunTests.picture, "--alpha", "2"], folder).status == 64)
    }
  }

  @Test("a picture of too many pixels is named, and the batch goes on")
  func tooLarge() throws {
    try withFolder { folder in
      try FileManager.default.copyItem(atPath: RunTests.picture, toPath: "\(folder)/a.jpg")
      try FileManager.default.copyItem(
        atPath: Roadseg.golden("RoadFrameTests/Goldens/jpeg-420.jpg"), toPath: "\(folder)/b.jpg")
      let result = try run([folder, "--max-pixels", "700"], folder)
      #expect(result.status == 1)
      #expect(
        result.errorLines.first?.hasPrefix("roadseg: \(folder)/b.jpg: 37x22 are more pixels than allowed; ") == true)
      #expect(files(below: "\(folder)/m/road") == ["a.png"])
    }
  }

  /// The file has 30 MB and its 6000x5000 pixels need some 300. A limit of 460 MB for everything leaves too little for
  /// one or the other: what the program itself takes depends on its compiler.
  @Test("no memory for one picture names that picture, and the batch goes on")
  func noMemory() throws {
    try withFolder { folder in
      try FileManager.default.copyItem(atPath: RunTests.picture, toPath: "\(folder)/a.jpg")
      try FileManager.default.copyItem(atPath: RunTests.picture, toPath: "\(folder)/c.jpg")
      try FlatPNG.make(width: 6000, height: 5000).write(to: URL(filePath: "\(folder)/b.png"))
      let script = "ulimit -v 460000; exec \"$0\" \"$@\""
      let result = try Roadseg.run(
        program: "/bin/sh",
        [
          "-c", script, Roadseg.binary, "run", folder, "--output", "\(folder)/m", "--model", Roadseg.model, "--threads",
          "1",
        ])
      #expect(result.status == 1, "\(result.errors)")
      #expect(result.errors.contains("\(folder)/b.png: no memory for "), "\(result.errors)")
      #expect(files(below: "\(folder)/m/road") == ["a.png", "c.png"])
    }
  }

  @Test("a damaged picture can be shown as far as it goes")
  func showsDamaged() throws {
    try withFolder { folder in
      let bytes = try Data(contentsOf: URL(filePath: RunTests.picture))
      try bytes.prefix(bytes.count - 150).write(to: URL(filePath: "\(folder)/torn.jpg"))
      #expect(try run(["\(folder)/torn.jpg"], folder).status == 1)
      let shown = try run(["\(folder)/torn.jpg", "--damaged", "show"], folder)
      #expect(shown.status == 0)
      #expect(shown.errors == "roadseg: \(folder)/torn.jpg: cut short; what could be decoded is used\n")
      #expect(files(below: "\(folder)/m/road") == ["torn.png"])
    }
  }

  @Test("a video without ffmpeg is one line with the remedy")
  func video() throws {
    try withFolder { folder in
      try Data("no video".utf8).write(to: URL(filePath: "\(folder)/drive.mp4"))
      let result = try run(["\(folder)/drive.mp4"], folder, environment: ["PATH": "/nonexistent"])
      #expect(result.status == 1)
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains("/drive.mp4: needs ffmpeg, which is not installed; install it"))
    }
  }

  @Test("pictures turned by their EXIF data come out as shown")
  func orientation() throws {
    try withFolder { folder in
      let turned = Roadseg.golden("RoadFrameTests/Goldens/exif-6.jpg")
      #expect(try run([turned], folder).status == 0)
      let mask = try Data(contentsOf: URL(filePath: "\(folder)/m/classes/exif-6.png"))
      #expect(Array(mask[16..<24]) == [0, 0, 0, 14, 0, 0, 0, 23])
    }
  }
}

/// A grey PNG of zeros, in stored blocks: the pixels cost the file nothing to make.
private enum FlatPNG {
  static func make(width: Int, height: Int) -> Data {
    let row = width + 1
    var body: [UInt8] = [0x78, 0x01]
    var left = row * height
    // An all-zero stream: Adler-32 of n zero bytes is (n mod 65521) << 16 | 1.
    let check = UInt32(left % 65521) << 16 | 1
    while left > 0 {
      let count = min(left, 65535)
      left -= count
      body += [left == 0 ? 1 : 0, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8 & 255)]
      body += [UInt8](repeating: 0, count: count)
    }
    body += big(check)
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += chunk("IHDR", big(UInt32(width)) + big(UInt32(height)) + [8, 0, 0, 0, 0])
    file += chunk("IDAT", body)
    file += chunk("IEND", [])
    return Data(file)
  }

  private static func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * UInt32($0)) & 255) } }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in body { crc = table[Int((crc ^ UInt32(byte)) & 255)] ^ crc >> 8 }
    return big(UInt32(data.count)) + body + big(~crc)
  }
}

import Foundation
import Testing

/// What users really do wrong, each with one clear line, exit code 1 and nothing half-written.
@Suite("Bad input")
struct BadInputTests {
  /// Runs with an output folder that must stay empty, and returns the one line that was said.
  private func complaint(
    _ arguments: [String], input: Data? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    try withFolder { folder in
      let result = try Roadseg.run(
        arguments + ["--output", "\(folder)/out", "--model", Roadseg.model], input: input)
      #expect(result.status == 1, sourceLocation: sourceLocation)
      #expect(result.output.isEmpty, sourceLocation: sourceLocation)
      #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
      #expect(files(below: folder).isEmpty, sourceLocation: sourceLocation)
      return result.errors.trimmingCharacters(in: .newlines)
    }
  }

  private func pictureBytes() throws -> Data { try Data(contentsOf: URL(filePath: RunTests.picture)) }

  @Test("a camera that is not there")
  func missingCamera() throws {
    let line = try complaint(["live", "/dev/video199"])
    #expect(line.hasPrefix("roadseg: /dev/video199: no such device; "))
  }

  @Test("a device that is no camera")
  func noCamera() throws {
    let line = try complaint(["live", "/dev/null"])
    #expect(line.contains("/dev/null"))
  }

  @Test("a path that is not there", arguments: ["live", "run"])
  func missingPath(command: String) throws {
    let line = try complaint([command, "/no/such/folder"])
    #expect(line.contains("/no/such/folder: "))
  }

  @Test("an empty folder", arguments: ["live", "run"])
  func emptyFolder(command: String) throws {
    try withFolder { folder in
      let line = try complaint([command, folder])
      #expect(line.contains("no pictures in this folder; "))
    }
  }

  @Test("a truncated picture", arguments: ["live", "run"])
  func truncatedPicture(command: String) throws {
    try withFolder { folder in
      let bytes = try pictureBytes()
      try bytes.prefix(bytes.count * 2 / 3).write(to: URL(filePath: "\(folder)/torn.jpg"))
      let line = try complaint([command, "\(folder)/torn.jpg"])
      #expect(line.contains("/torn.jpg: is a truncated JPEG file; "))
    }
  }

  @Test("a file that is no picture", arguments: ["live", "run"])
  func garbagePicture(command: String) throws {
    try withFolder { folder in
      try Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 * 77) }).write(to: URL(filePath: "\(folder)/x.jpg"))
      let line = try complaint([command, "\(folder)/x.jpg"])
      #expect(line.contains("/x.jpg: is neither a JPEG nor a PNG file; "))
    }
  }

  @Test("standard input that is no stream", arguments: ["live", "run"])
  func garbageStream(command: String) throws {
    for input in [Data("no video".utf8), Data()] {
      let line = try complaint([command, "-"], input: input)
      #expect(line.contains("standard input: "))
    }
  }

  @Test("a model that is cut short, no model at all, not there", arguments: ["live", "run"])
  func badModel(command: String) throws {
    try withFolder { folder in
      let model = try Data(contentsOf: URL(filePath: Roadseg.model))
      let cases = [
        ("cut.onnx", model.prefix(model.count / 2)), ("noise.onnx", Data((0..<999).map { UInt8($0 % 251) })),
        ("empty.onnx", Data()),
      ]
      for (name, bytes) in cases {
        try bytes.write(to: URL(filePath: "\(folder)/\(name)"))
        let result = try Roadseg.run(
          [command, RunTests.picture, "--output", "\(folder)/out", "--model", "\(folder)/\(name)"])
        #expect(result.status == 1, "\(name)")
        #expect(result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("roadseg: \(folder)/\(name): "), "\(result.errors)")
        #expect(files(below: "\(folder)/out").isEmpty)
      }
    }
  }

  /// What came before is written; the broken end is named.
  @Test("a stream that ends half way through a frame")
  func brokenStream() throws {
    try withFolder { folder in
      let bytes = try pictureBytes()
      let stream = bytes + bytes + bytes.prefix(bytes.count / 2)
      let result = try Roadseg.run(
        ["run", "-", "--output", folder, "--model", Roadseg.model, "--json"], input: stream)
      #expect(result.status == 1)
      #expect(result.errorLines.first == "roadseg: standard input: frame 2 is cut short")
      #expect(result.errorLines.last?.hasPrefix("roadseg: 1 of 3 frames could not be used; ") == true)
      #expect(result.output.contains("\"written\":2"))
      #expect(files(below: "\(folder)/road") == ["frame-000000.png", "frame-000001.png"])
    }
  }

  @Test("one bad picture among good ones is named and left out")
  func oneBadPicture() throws {
    try withFolder { folder in
      let bytes = try pictureBytes()
      for (name, count) in [("a", bytes.count), ("b", bytes.count / 2), ("c", bytes.count)] {
        try bytes.prefix(count).write(to: URL(filePath: "\(folder)/\(name).jpg"))
      }
      let result = try Roadseg.run(["run", folder, "--output", "\(folder)/m", "--model", Roadseg.model])
      #expect(result.status == 1)
      #expect(result.errorLines.first == "roadseg: \(folder)/b.jpg: cut short")
      #expect(files(below: "\(folder)/m/classes") == ["a.png", "c.png"])
    }
  }

  @Test("two pictures of one name")
  func sameName() throws {
    try withFolder { folder in
      try pictureBytes().write(to: URL(filePath: "\(folder)/frame-1.jpeg"))
      let line = try complaint(["run", RunTests.picture, folder])
      #expect(line.contains("would be called 'frame-1'; "))
    }
  }

  /// A limit on file sizes stands for the full disk, which only root can make; the way through the code is the same.
  @Test("a full disk is one line, and no torn file stays behind", arguments: ["live", "run"])
  func fullDisk(command: String) throws {
    try withFolder { folder in
      let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""
      let result = try Roadseg.run(
        program: "/bin/sh",
        [
          "-c", script, Roadseg.binary, command, RunTests.picture, "--output", "\(folder)/m", "--model", Roadseg.model,
        ])
      #expect(result.status == 1)
      #expect(result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(".jpg: cannot be written: File too large; "), "\(result.errors)")
      #expect(files(below: "\(folder)/m").allSatisfy { $0.hasSuffix(".png") })
    }
  }

  @Test("an output folder that is a file", arguments: ["live", "run"])
  func outputIsFile(command: String) throws {
    let result = try Roadseg.run([command, RunTests.picture, "--output", Roadseg.model, "--model", Roadseg.model])
    #expect(result.status == 1)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("choose another name"))
  }
}

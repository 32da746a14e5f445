import Foundation
import RoadBase
import RoadFrame
import Testing

@Suite("Files written whole or not at all")
struct FileOutputTests {
  @Test("writes, replaces, and leaves nothing else behind", arguments: [false, true])
  func writes(durable: Bool) throws {
    try withTemporaryFolder { folder in
      try FileOutput.write([1, 2, 3], to: "\(folder)/a.bin", durable: durable)
      try FileOutput.write("road", to: "\(folder)/a.bin", durable: durable)
      #expect(try FileInput.read("\(folder)/a.bin", as: .picture) == Array("road".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.bin"])
    }
  }

  #if compiler(>=6.2)  // exit tests are Swift 6.2's
    @Test("a full disk is one clear error, with nothing half-written and the old file untouched")
    func fullDisk() async {
      // In a process of its own: the limit on file sizes, which stands for the full disk, holds for all of a process.
      await #expect(processExitsWith: .success) {
        try withTemporaryFolder { folder in
          try FileOutput.write("old", to: "\(folder)/a.bin")
          signal(SIGXFSZ, SIG_IGN)
          var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
          try #require(setrlimit(__rlimit_resource_t(1), &limit) == 0)
          let error = failure { try FileOutput.write([UInt8](repeating: 1, count: 2 << 20), to: "\(folder)/a.bin") }
          #expect(error?.subject == .output)
          #expect(error?.cause == "\(folder)/a.bin: cannot be written: File too large")
          #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.bin"])
          #expect(try FileInput.read("\(folder)/a.bin", as: .picture) == Array("old".utf8))
        }
      }
    }
  #endif

  @Test("a missing folder, a file in the way, a folder in the way")
  func obstacles() throws {
    try withTemporaryFolder { folder in
      #expect(failure { try FileOutput.write("x", to: "\(folder)/none/a") }?.remedy == "make the folder first")
      try FileOutput.write("x", to: "\(folder)/file")
      #expect(failure { try FileOutput.write("x", to: "\(folder)/file/a") }?.remedy == "choose another name")
      #expect(failure { try FileOutput.makeFolder("\(folder)/file") }?.cause.contains("is a file") == true)
      try FileOutput.makeFolder("\(folder)/b/c/d")
      try FileOutput.makeFolder("\(folder)/b/c/d")
      #expect(failure { try FileOutput.write("x", to: "\(folder)/b") }?.subject == .output)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["b", "file"])
    }
  }

  @Test("reading says what is wrong")
  func reading() throws {
    try withTemporaryFolder { folder in
      #expect(failure { _ = try FileInput.read("\(folder)/none", as: .model) }?.remedy == "check the path")
      #expect(failure { _ = try FileInput.read(folder, as: .model) }?.remedy == "name a file")
      try FileOutput.write([1, 2, 3, 4], to: "\(folder)/four")
      #expect(failure { _ = try FileInput.read("\(folder)/four", as: .model, limit: 3) }?.subject == .model)
    }
  }
}

/// A folder that is gone when the test is over.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("roadseg-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

private func failure(_ body: () throws -> Void) -> RoadError? {
  do {
    try body()
    return nil
  } catch { return error as? RoadError }
}

import Foundation
import RoadKernels
import RoadProfiler
import Testing

@Suite struct BoardRowTests {
  @Test("a row has the header's cells, whatever the board calls itself")
  func row() throws {
    let large = CoreType(name: "Cortex-A76", level1: 1, level2: 1, isInOrder: false)
    let small = CoreType(name: "Cortex-A55", level1: 1, level2: 1, isInOrder: true)
    let cores = [large, large, small, small, small]
    let placement = CorePlacement(threads: 2, among: cores.enumerated().map { ($0.offset, $0.element) })
    let row = try BoardRow(
      SampleProfile.profile(), placement: placement, software: "1.0 (abc)", date: "2026-11-29", board: "A | B\nC",
      cores: cores)
    let lines = row.text.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(Set(lines.map { $0.filter { $0 == "|" }.count }).count == 1)
    #expect(lines[2].hasPrefix("| A   B C | 2 x Cortex-A76 + 3 x Cortex-A55, threads on cores 0-1 (Cortex-A76) | "))
    #expect(lines[2].hasSuffix("| 1.0 (abc), 2026-11-29 |"))
  }

  @Test("the device tree's name goes before the firmware's and the processor's")
  func names() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "board-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    func write(_ text: String, to path: String) throws {
      let file = root.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    #expect(BoardRow.boardName(root: root.path) == "unknown board")
    try write("processor\t: 0\nmodel name\t: Some CPU\n", to: "proc/cpuinfo")
    #expect(BoardRow.boardName(root: root.path) == "Some CPU")
    try write("NUC\n", to: "sys/class/dmi/id/product_name")
    #expect(BoardRow.boardName(root: root.path) == "NUC")
    try write("Raspberry Pi 5 Model B Rev 1.0\0", to: "proc/device-tree/model")
    #expect(BoardRow.boardName(root: root.path) == "Raspberry Pi 5 Model B Rev 1.0")
  }
}

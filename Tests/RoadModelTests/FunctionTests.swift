import Foundation
import RoadModel
import Testing

/// The catalogue's functions of one number against two other ways of computing them: see make_functions.py.
@Suite struct FunctionTests {
  @Test(
    "a function gives the binary32 number nearest to its value, as 60 digits say", arguments: try FunctionGolden.all())
  func exact(golden: FunctionGolden) throws {
    let function = try #require(try OperatorCatalogue[golden.node.operation]?.function(of: golden.node))
    for (input, expected) in zip(golden.input, golden.exact) {
      let result = function(input)
      #expect(result == expected, "\(golden.node.operation) of \(input): \(result), not \(expected)")
    }
  }

  @Test("ONNX Runtime agrees within its own rounding", arguments: try FunctionGolden.all())
  func peer(golden: FunctionGolden) throws {
    let function = try #require(try OperatorCatalogue[golden.node.operation]?.function(of: golden.node))
    for (input, expected) in zip(golden.input, golden.peer) where expected.isFinite {
      #expect(abs(function(input) - expected) <= 1e-6 * max(1, abs(expected)), "\(golden.node.operation) of \(input)")
    }
  }

  @Test("no function of the catalogue lacks a golden")
  func complete() throws {
    let names = Set(try FunctionGolden.all().map(\.node.operation))
    #expect(names == Set(OperatorCatalogue.functionNames))
  }

  @Test(
    "powers have the signs and special cases of IEEE 754",
    arguments: [
      (2.0, 10.0, 1024.0), (-2, 3, -8), (-2, 2, 4), (0, 0, 1), (0, 2, 0), (4, 0.5, 2), (1, .infinity, 1),
      (-1, .infinity, 1),
      (2, -.infinity, 0), (0, -1, .infinity), (10, -3, 0.001), (-0.0, 3, -0.0), (-.infinity, 2, .infinity),
    ] as [(Float, Float, Float)])
  func power(base: Float, exponent: Float, expected: Float) throws {
    let pow = try #require(OperatorCatalogue["Pow"]?.binary)
    #expect(pow(base, exponent) == expected)
    #expect(pow(base, exponent).sign == expected.sign)
    #expect(pow(-2, 0.5).isNaN)
  }

  @Test("half precision rounds to nearest, ties to even, and comes back")
  func halves() {
    for bits in UInt16.min...UInt16.max {
      let value = Float16Bits.float(bits)
      #expect(value.isNaN ? Float16Bits.float(Float16Bits.bits(value)).isNaN : Float16Bits.bits(value) == bits)
    }
    #expect(Float16Bits.bits(1 + 0x1p-11) == 0x3C00)
    #expect(Float16Bits.bits(1 + 0x3p-11) == 0x3C02)
    #expect(Float16Bits.bits(65519) == 0x7BFF)
    #expect(Float16Bits.bits(65520) == 0x7C00)
    #expect(Float16Bits.bits(-0x1p-25) == 0x8000)
  }
}

/// One file of Goldens/functions.
struct FunctionGolden: Sendable, CustomTestStringConvertible {
  let name: String
  let node: Node
  let input: [Float]
  let exact: [Float]
  let peer: [Float]

  var testDescription: String { name }

  static func all() throws -> [FunctionGolden] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Goldens/functions")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { file in
      let graph = try ONNXReader.read(path: folder.appending(path: file).path)
      func values(_ name: String) throws -> [Float] { try #require(graph.initializers["golden_\(name)"]).floats }
      return FunctionGolden(
        name: file, node: try #require(graph.nodes.first), input: try values("input"), exact: try values("exact"),
        peer: try values("output"))
    }
  }
}

import Foundation
import RoadBase
import RoadCRF
import RoadFrame
import RoadTestSupport
import Testing

/// Against mean fields whose every sum is over all pairs of pixels (make_goldens.py).
@Suite struct DenseCRFTests {
  private struct Golden {
    let picture: Picture
    let classes: Int
    let iterations: Int
    let logits: [Float]
    let field: [Float]

    init(_ name: String) throws {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens")
      let data = try Data(contentsOf: folder.appending(path: "\(name).bin"))
      func integer(_ index: Int) -> Int { data[4 * index..<4 * index + 4].reversed().reduce(0) { $0 << 8 | Int($1) } }
      let size = PictureSize(width: integer(0), height: integer(1))
      (classes, iterations) = (integer(2), integer(3))
      picture = Picture(size: size)
      for pixel in 0..<size.pixels {
        for channel in 0..<3 {
          picture.row(pixel / size.width)[4 * (pixel % size.width) + channel] = data[16 + 3 * pixel + channel]
        }
      }
      let (start, count) = (16 + 3 * size.pixels, size.pixels * classes)
      func floats(_ start: Int) -> [Float] {
        (0..<count).map { index in
          let bits = data[start + 4 * index..<start + 4 * index + 4].reversed().reduce(UInt32(0)) {
            $0 << 8 | UInt32($1)
          }
          return Float(bitPattern: bits)
        }
      }
      logits = floats(start)
      field = floats(start + 4 * count)
    }

    func winner(_ values: [Float], _ pixel: Int) -> Int {
      (0..<classes).max { values[pixel * classes + $0] < values[pixel * classes + $1] } ?? 0
    }
  }

  @Test("the field is that of brute force, within what the lattice approximates", arguments: ["once", "two", "three"])
  func goldens(name: String) throws {
    let golden = try Golden(name)
    // As in make_goldens.py.
    var options = DenseCRFOptions()
    (options.colourWeight, options.colourPlace, options.colour) = (4, 67, 3)
    (options.placeWeight, options.place) = (3, 1)
    options.iterations = golden.iterations
    let field = DenseCRF(golden.picture, options: options)
      .probabilities(logits: golden.logits, classes: golden.classes)
    let pixels = golden.picture.size.pixels
    // Where brute force has no tie, or nearly one, the class is the same.
    for pixel in 0..<pixels {
      let sorted = (0..<golden.classes).map { golden.field[pixel * golden.classes + $0] }.sorted(by: >)
      guard sorted[0] - sorted[1] > 0.1 else { continue }
      #expect(golden.winner(field, pixel) == golden.winner(golden.field, pixel))
    }
    let mean = zip(field, golden.field).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(field.count)
    #expect(mean < 0.02, "\(mean)")
    // Without the field another answer: the goldens tell something.
    let before = (0..<pixels).count { golden.winner(golden.logits, $0) == golden.winner(golden.field, $0) }
    #expect(Double(before) < 0.8 * Double(pixels))
    for pixel in 0..<pixels {
      let sum = (0..<golden.classes).reduce(Float(0)) { $0 + field[pixel * golden.classes + $1] }
      #expect(abs(sum - 1) < 1e-4)
    }
  }

  @Test("no iteration is the softmax of the logits")
  func none() {
    let picture = Picture(size: PictureSize(width: 8, height: 8))
    picture.fill(red: 1, green: 2, blue: 3)
    var options = DenseCRFOptions()
    options.iterations = 0
    let logits = (0..<64).flatMap { [Float($0 % 5), Float(1)] }
    let field = DenseCRF(picture, options: options).probabilities(logits: logits, classes: 2)
    for pixel in 0..<64 {
      let (a, b) = (exp(Double(logits[2 * pixel])), exp(Double(logits[2 * pixel + 1])))
      #expect(abs(Double(field[2 * pixel]) - a / (a + b)) < 1e-5)
    }
  }
}

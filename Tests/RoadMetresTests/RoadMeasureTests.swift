import CAllocationCounter
import Foundation
import RoadBase
import RoadCamera
import RoadFrame
import RoadMask
import RoadMetres
import RoadTestSupport
import Testing

/// Figures on maps that are drawn by hand, and the projection against OpenCV's.
@Suite struct RoadMeasureTests {
  @Test("places on the road come to the pixels that OpenCV's projectPoints puts them to")
  func projection() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/projections.tsv")
    var count = 0
    for line in try String(contentsOf: path, encoding: .utf8).split(separator: "\n").dropFirst() {
      let fields = line.split(separator: "\t").map(String.init)
      let n = fields.map { Double($0) ?? .nan }
      let distortion = fields[6] == "-" ? [] : fields[6].split(separator: ",").compactMap { Double($0) }
      let camera = CameraCalibration(
        name: "golden", size: PictureSize(width: Int(n[0]), height: Int(n[1])), fx: n[2], fy: n[3], cx: n[4], cy: n[5],
        distortion: distortion, mount: CameraCalibration.Mount(height: n[7], pitch: n[8], roll: n[9], yaw: n[10]))
      let place = try #require(GroundProjection(camera).pixel(x: n[11], z: n[12]), "\(line)")
      #expect(abs(place.u - n[13]) < 1e-5 && abs(place.v - n[14]) < 1e-5, "\(line): \(place)")
      count += 1
    }
    #expect(count == 32)
  }

  @Test("sine and cosine")
  func trigonometry() {
    for tenths in stride(from: -900, through: 900, by: 7) {
      let (sine, cosine) = Trigonometry.sineCosine(degrees: Double(tenths) / 10)
      let angle = Double(tenths) / 1800 * Double.pi
      #expect(abs(sine - sin(angle)) < 1e-14 && abs(cosine - cos(angle)) < 1e-14)
    }
  }

  static let size = PictureSize(width: 640, height: 480)
  static let camera = SyntheticScene.calibration(size: size)

  /// A straight road 6 metres wide whose middle is 1 metre left of the camera, painted by the pinhole's formula.
  static func straight(_ change: (_ x: Double, _ z: Double) -> UInt8? = { _, _ in nil }) -> ClassMap {
    let map = ClassMap(size: size)
    for v in 0..<size.height {
      for u in 0..<size.width {
        var value: UInt8 = 6
        if Double(v) > camera.cy {
          let z = camera.fy * 1.4 / (Double(v) - camera.cy)
          let x = (Double(u) - camera.cx) * z / camera.fx
          value = change(x, z) ?? (abs(x + 1) < 3 ? 0 : 1)
        }
        map.bytes[v * size.width + u] = value
      }
    }
    return map
  }

  static func measured(_ map: ClassMap, _ camera: CameraCalibration = camera) -> RoadFigures {
    let measure = RoadMeasure(camera, classes: .driving7)
    let figures = measure.figures()
    measure.measure(map, into: figures)
    return figures
  }

  @Test("a straight road: width, place, and free to the end")
  func straightRoad() throws {
    let figures = Self.measured(Self.straight())
    #expect(abs(try #require(figures.width) - 6000) < 60)
    #expect(abs(try #require(figures.offset) - 1000) < 20)
    #expect(figures.ahead.end == .open && figures.ahead.free > 55_000)
    #expect(figures.angles.count == 15 && figures.angles[7] == 0 && figures.angles.first == -(figures.angles.last ?? 0))
    // To the right the edge is two metres away.
    let way = try #require(figures.angles.indices.last)
    let sine = sin(Double(figures.angles[way]) / 1800 * Double.pi)
    #expect(abs(Double(figures.ways[way].free) / 1000 - 2 / sine) < 0.06 && figures.ways[way].end == .blocked)
    let json = figures.json
    #expect(json.directions.count == 15 && json.freeSpace.pixels.count == json.freeSpace.metres.count)
    let width = try #require(figures.width)
    #expect(json.width == 0.001 * Double(width))
  }

  @Test("what stands on the road hides its edges, and blocks the way")
  func vehicle() throws {
    // From 12 metres on, over the right half of the road and beyond.
    let figures = Self.measured(Self.straight { x, z in z > 12 && x > -0.5 && x < 2.5 ? 3 : nil })
    #expect(abs(figures.ahead.free - 12_000) < 150 && figures.ahead.end == .blocked)
    #expect(abs(try #require(figures.width) - 6000) < 60)
    #expect(abs(try #require(figures.offset) - 1000) < 25)
  }

  @Test("a shadow that a mask leaves out has ragged edges: lines that it cuts tell no width")
  func shadow() throws {
    func shadow(from nearest: Double) -> ClassMap {
      Self.straight { x, z in z > nearest && x < -2 + 0.4 * Double(Int(z * 2 + 0.2) * 7 % 5) ? 1 : nil }
    }
    let figures = Self.measured(shadow(from: 20))
    #expect(abs(try #require(figures.width) - 6000) < 60)
    #expect(abs(try #require(figures.offset) - 1000) < 40)
    // The left edge is out of the picture up to 7 metres: most of what is seen of it is the shadow's, or all.
    for nearest in [10.0, 6] {
      let cut = Self.measured(shadow(from: nearest))
      #expect(cut.width == nil && cut.offset == nil, "\(nearest): \(cut.width ?? 0)")
    }
  }

  @Test("a narrow thing before the car is ahead of it, wherever it is in the strip")
  func strip() {
    for side in stride(from: -0.9, through: 0.9, by: 0.3) {
      let figures = Self.measured(Self.straight { x, z in z > 8 && abs(x - side) < 0.08 ? 2 : nil })
      #expect(abs(figures.ahead.free - 8000) < 100, "\(side): \(figures.ahead)")
    }
  }

  @Test("a bonnet is passed over, whatever its class", arguments: [1, 3, 5, ClassMap.void])
  func bonnet(value: UInt8) {
    // As bonnets are seen: lower at both sides.
    func bonnet(_ hidden: Double) -> ClassMap { Self.straight { x, z in z < hidden - 0.2 * abs(x) ? value : nil } }
    for hidden in [3.5, 4, 6] {
      let figures = Self.measured(bonnet(hidden))
      #expect(figures.ahead.end == .open && figures.ahead.start > 3000, "\(hidden): \(figures.ahead)")
      let middle = figures.angles.indices.filter { abs(figures.angles[$0]) <= 100 }
      #expect(middle.allSatisfy { figures.ways[$0].end != .unseen && figures.ways[$0].free > 11_000 })
    }
    var camera = Self.camera
    camera.nearest = 4.1
    #expect(Self.measured(bonnet(4), camera).ahead.end == .open)
  }

  @Test("what hides the road right before the camera and is no bonnet blocks it")
  func notABonnet() {
    let things: [(String, (Double, Double) -> UInt8?)] = [
      ("narrower than the car", { x, z in z < 4 && abs(x) < 0.5 ? 2 : nil }),
      ("before half of the car", { x, z in z < 4 && x > 0 ? 3 : nil }),
      ("a truck's back, as high as the picture", { x, _ in abs(x) < 2 ? 3 : nil }),
      ("longer than bonnets", { _, z in z < 9 ? 1 : nil }),
      ("a car's back before the car alone", { x, z in z < 4 && abs(x) < 0.9 ? 3 : nil }),
    ]
    for (name, thing) in things {
      let blocked = Self.measured(Self.straight(thing)).ahead
      #expect(blocked.end == .blocked && blocked.free == 0, "\(name): \(blocked)")
    }
  }

  @Test("parts of the car are looked past, wherever they are; no edge of theirs is one of the road's")
  func ownParts() throws {
    // The lowest fifth, and a stamp on the road ahead.
    let parts = OwnPartsMask(
      try OwnParts(text: "0,80 100,80 100,100 0,100; 48,55 52,55 52,60 48,60", name: "parts"), size: Self.size, road: 0)
    let map = Self.straight()
    parts.apply(to: map)
    // Where nobody told of them the bonnet is, and the stamp is not.
    #expect(Self.measured(map).ahead.end == .blocked && Self.measured(map).ahead.free < 20_000)
    let measure = RoadMeasure(Self.camera, classes: .driving7, ownParts: parts)
    let figures = measure.figures()
    measure.measure(map, into: figures)
    #expect(figures.ahead.end == .open && figures.ahead.free > 55_000)
    #expect(abs(try #require(figures.width) - 6000) < 60)
    #expect(abs(try #require(figures.offset) - 1000) < 40)
    // The bonnet is a little larger than its outline on the right, where a way may begin.
    for v in 380..<384 { for u in 320..<640 { map.bytes[v * Self.size.width + u] = 3 } }
    let before = figures.ways.map(\.free)
    measure.measure(map, into: figures)
    #expect(figures.ahead.end == .open && zip(before, figures.ways).allSatisfy { abs($0 - $1.free) < 60 })
    for v in 350..<384 { for u in 320..<640 { map.bytes[v * Self.size.width + u] = 3 } }
    measure.measure(map, into: figures)
    #expect(figures.ahead.end == .blocked && figures.ahead.free == 0)
  }

  @Test("where nothing is known, nothing is said")
  func unknown() {
    for value in [UInt8(1), 3, ClassMap.void] {
      let map = ClassMap(size: Self.size)
      map.bytes.update(repeating: value)
      let figures = Self.measured(map)
      #expect(figures.width == nil && figures.offset == nil && figures.ahead.free == 0)
      #expect(figures.ahead.end == (value == ClassMap.void ? .unseen : .blocked))
      #expect(figures.json.ahead == (value == ClassMap.void ? nil : 0))
    }
    let map = ClassMap(size: Self.size)
    map.bytes.update(repeating: 0)
    // Road without an edge.
    #expect(Self.measured(map).width == nil && Self.measured(map).ahead.end == .open)
  }

  @Test("which classes may stand on a road")
  func things() {
    for name in ["vehicles", "living-things", "Car", "Bicyclist", "traffic person", "bus"] {
      #expect(RoadMeasure.standsOnRoad(name), "\(name)")
    }
    for name in ["drivable", "non-drivable", "Pavement", "Fence", "cardboard", "busy"] {
      #expect(!RoadMeasure.standsOnRoad(name), "\(name)")
    }
  }

  @Test("any map and any camera give figures within bounds, without taking memory")
  func anything() {
    var random = SplitMix(state: 5)
    for _ in 0..<30 {
      let size = PictureSize(
        width: Int.random(in: 8...200, using: &random), height: Int.random(in: 8...200, using: &random))
      let camera = CameraCalibration(
        name: "any", size: size, fx: Double.random(in: 20...400, using: &random),
        fy: Double.random(in: 20...400, using: &random),
        cx: Double.random(in: 0...200, using: &random), cy: Double.random(in: 0...200, using: &random),
        distortion: (0..<8).map { _ in Double.random(in: -0.5...0.5, using: &random) },
        mount: CameraCalibration.Mount(
          height: Double.random(in: 0.1...20, using: &random), pitch: Double.random(in: -45...60, using: &random),
          roll: Double.random(in: -45...45, using: &random),
          yaw: Double.random(in: -45...45, using: &random)))
      let measure = RoadMeasure(camera, classes: .driving7, directions: [1, 15, 91].randomElement(using: &random) ?? 1)
      let figures = measure.figures()
      let map = ClassMap(size: size)
      for index in map.bytes.indices {
        map.bytes[index] = Bool.random(using: &random) ? 0 : UInt8.random(in: 0...255, using: &random)
      }
      let before = allocation_count_of_this_thread()
      measure.measure(map, into: figures)
      #expect(allocation_count_of_this_thread() == before)
      withExtendedLifetime(figures) {
        for way in figures.ways {
          #expect((0...60_001).contains(way.free) && (0..<Int32(size.pixels)).contains(way.last))
        }
      }
    }
  }

  @Test("the parabola at the camera, against floating point")
  func parabola() throws {
    var random = SplitMix(state: 5)
    for _ in 0..<200 {
      let (a, b, c) = (
        Double.random(in: -5000...5000, using: &random), Double.random(in: -0.1...0.1, using: &random),
        Double.random(in: -4e-6...4e-6, using: &random)
      )
      var fit = ParabolaFit()
      for z in stride(from: Int32(4000), through: 20_000, by: 700) {
        fit.add(Int32((a + b * Double(z) + c * Double(z) * Double(z)).rounded()), at: z)
      }
      #expect(abs(Double(try #require(fit.start)) - a) < 8)
    }
    var few = ParabolaFit()
    for z in [Int32(4000), 5000, 6000, 7000] { few.add(0, at: z) }
    #expect(few.start == nil)
  }

  @Test("from above: squares of the road are squares")
  func birdsEye() throws {
    let picture = Picture(size: Self.size)
    // Two metres black and white by turns, across and ahead.
    for v in 0..<Self.size.height {
      for u in 0..<Self.size.width where Double(v) > Self.camera.cy {
        let z = Self.camera.fy * 1.4 / (Double(v) - Self.camera.cy)
        let x = (Double(u) - Self.camera.cx) * z / Self.camera.fx
        let isWhite = (Int((x + 100) / 2) + Int(z / 2)) % 2 == 0
        for channel in 0..<3 { picture.row(v)[4 * u + channel] = isWhite ? 255 : 0 }
      }
    }
    let planes = PlanarPicture(size: Self.size)
    planes.fill(from: .picture(picture))
    let view = BirdsEye(Self.camera)
    #expect(view.extent.size == PictureSize(width: 320, height: 600))
    for canvas in [Canvas.rgbx(picture), .planes(planes)] {
      let before = allocation_count_of_this_thread()
      view.draw(canvas)
      #expect(allocation_count_of_this_thread() == before)
      for z in [7.0, 9, 11, 13] {
        for x in [-3.0, -1, 1, 3] {
          let (row, column) = (Int((30 - z) * 20), Int((x + 8) * 20))
          let isWhite = (Int((x + 100) / 2) + Int(z / 2)) % 2 == 0
          #expect(abs(Int(view.picture.row(row)[4 * column]) - (isWhite ? 255 : 0)) < 40, "\(x), \(z)")
        }
      }
    }
    // Beside the camera nothing is seen.
    #expect(view.picture.row(599)[0] == 0)
  }
}

import CAllocationCounter
import RoadBase
import RoadCamera
import RoadMask
import RoadMetres
import Testing

/// Figures in metres against the geometry that the synthetic road is drawn with.
@Suite struct SyntheticMetresTests {
  /// With the metres up to which half a pixel is less than 2 percent of the distance.
  static let sizes: [(size: PictureSize, reach: Double)] = [
    (PictureSize(width: 640, height: 480), 30), (PictureSize(width: 1280, height: 720), 30),
    (PictureSize(width: 480, height: 360), 20),
  ]
  /// The road starts flat; of later frames those that show a hill are left out by ``isFlat(_:upTo:)``.
  static let frames =
    Array(stride(from: UInt64(0), to: 64, by: 7)) + Array(stride(from: UInt64(64), to: 6000, by: 149))

  /// Whether the ground up to a distance lies where a flat road would show it, within a fifth of a pixel.
  static func isFlat(_ view: SyntheticView, upTo metres: Double) -> Bool {
    let c = view.calibration
    return view.places.allSatisfy { place in
      place.distance > metres || abs(c.cy + c.fy * c.mount.height / place.distance - place.row) < 0.2
    }
  }

  static func map(_ scene: SyntheticScene, _ frame: UInt64) -> ClassMap {
    let map = ClassMap(size: scene.size)
    for (index, value) in scene.groundTruth(frame: frame).enumerated() { map.bytes[index] = value }
    return map
  }

  struct Errors {
    var values: [Double] = []
    mutating func add(_ measured: Double, _ truth: Double) { values.append(abs(measured - truth) / abs(truth)) }
    var largest: Double { values.max() ?? .infinity }
    var words: String {
      let sorted = values.sorted()
      return "\(values.count), median \(sorted.isEmpty ? 0 : sorted[sorted.count / 2]), largest \(largest)"
    }
  }

  @Test("width, place and free distances within 3 percent up to 30 metres", arguments: sizes.indices)
  func withinThreePercent(_ index: Int) throws {
    let (size, reach) = Self.sizes[index]
    var (width, offset, edges, vehicles) = (Errors(), Errors(), Errors(), Errors())
    for seed in UInt64(1)...4 {
      let scene = try SyntheticScene(size: size, seed: seed)
      for frame in Self.frames {
        let view = scene.view(frame: frame)
        guard Self.isFlat(view, upTo: 33) else { continue }
        let measure = RoadMeasure(view.calibration, classes: .driving7)
        let figures = measure.figures()
        measure.measure(Self.map(scene, frame), into: figures)
        if let measured = figures.width { width.add(Double(measured) / 1000, 2 * SyntheticView.halfWidth) }
        if let measured = figures.offset { offset.add(Double(measured) / 1000, view.offset) }
        for way in figures.angles.indices {
          guard let truth = Self.freeDistance(view, figures, way), truth <= reach else { continue }
          edges.add(Double(figures.ways[way].free) / 1000, truth)
        }
        withExtendedLifetime(figures) {}
        if let truth = Self.vehicleAhead(view), truth <= reach {
          vehicles.add(Double(figures.ahead.free) / 1000, truth)
        }
      }
    }
    print("\(size): width \(width.words); offset \(offset.words); edges \(edges.words); vehicles \(vehicles.words)")
    #expect(width.values.count > 20 && width.largest < 0.03)
    #expect(offset.values.count > 20 && offset.largest < 0.03)
    #expect(edges.values.count > 100 && edges.largest < 0.03)
    #expect(vehicles.values.count > 10 && vehicles.largest < 0.03)
  }

  /// What a camera that is calibrated once and then nods costs: 1.6 rows are 2.9 percent of 15 metres, half a pixel is
  /// 0.9.
  @Test("without knowing how the camera nods: 4 percent up to 15 metres, width within 5, place within 10")
  func nodding() throws {
    var (width, offset, edges) = (Errors(), Errors(), Errors())
    let size = PictureSize(width: 640, height: 480)
    let measure = RoadMeasure(SyntheticScene.calibration(size: size), classes: .driving7)
    let figures = measure.figures()
    for seed in UInt64(1)...4 {
      let scene = try SyntheticScene(size: size, seed: seed)
      for frame in Self.frames {
        let view = scene.view(frame: frame)
        guard Self.isFlat(view, upTo: 33) else { continue }
        measure.measure(Self.map(scene, frame), into: figures)
        if let measured = figures.width { width.add(Double(measured) / 1000, 2 * SyntheticView.halfWidth) }
        if let measured = figures.offset { offset.add(Double(measured) / 1000, view.offset) }
        for way in figures.angles.indices {
          guard let truth = Self.freeDistance(view, figures, way), truth <= 15 else { continue }
          edges.add(Double(figures.ways[way].free) / 1000, truth)
        }
        withExtendedLifetime(figures) {}
      }
    }
    print("nodding: width \(width.words); offset \(offset.words); edges \(edges.words)")
    #expect(width.values.count > 20 && width.largest < 0.05)
    #expect(offset.values.count > 20 && offset.largest < 0.1)
    #expect(edges.values.count > 100 && edges.largest < 0.04)
  }

  /// Where a way meets the road's edge, by the geometry; nil where a vehicle is met before.
  static func freeDistance(_ view: SyntheticView, _ figures: RoadFigures, _ way: Int) -> Double? {
    for millimetres in stride(from: figures.ways[way].start, to: 60_000, by: 10) {
      let place = figures.place(way, at: millimetres)
      let (x, z) = (Double(place.x) / 1000, Double(place.z) / 1000)
      guard let middle = view.place(at: z)?.middle else { return nil }
      if abs(x - middle) > SyntheticView.halfWidth { return Double(millimetres) / 1000 }
      // Beside a vehicle its body may hide the road, and between its wheels the road is seen under it.
      if view.vehicles.contains(where: { $0.distance < z && abs(x - middle - $0.lateral) < 2 }) { return nil }
    }
    return nil
  }

  /// The distance of the vehicle on the own lane where it is met before the road bends away; nil beyond 30 metres.
  static func vehicleAhead(_ view: SyntheticView) -> Double? {
    for centimetres in stride(from: 300, to: 3000, by: 1) {
      let z = Double(centimetres) / 100
      guard let middle = view.place(at: z)?.middle, abs(middle) < SyntheticView.halfWidth - 1.1 else { return nil }
      for vehicle in view.vehicles where abs(vehicle.distance - z) < 0.01 {
        let gap = abs(middle + vehicle.lateral)
        // The strip has both wheels in it, or nothing of the vehicle.
        if gap < 0.2 { return vehicle.distance }
        if gap < 2.2 { return nil }
      }
    }
    return nil
  }
}

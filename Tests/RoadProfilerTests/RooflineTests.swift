import Foundation
import RoadEngine
import RoadProfiler
import Testing

@Suite("Roofline") struct RooflineTests {
  private func layer(multiplyAccumulates: Int, bytes: Int) throws -> LayerDescription {
    var layer = try #require(try SampleProfile.profile().layers.first).description
    layer.multiplyAccumulates = multiplyAccumulates
    layer.bytesMoved = bytes
    return layer
  }

  /// Peak 10 GMAC/s, second-level cache 20 GB/s of 512 KiB, memory 5 GB/s.
  @Test(
    "the longer of computing and moving bounds a layer",
    arguments: [
      (1_000_000, 1_000, false, Roofline.Bound.compute, 0.1), (0, 200_000, false, .levelTwo, 0.01),
      (0, 10_000_000, false, .memory, 2.0), (0, 10_000_000, true, .levelTwo, 0.5),
    ])
  func bounds(work: Int, bytes: Int, isFused: Bool, bound: Roofline.Bound, milliseconds: Double) throws {
    let profile = try SampleProfile.profile()
    let roofline = Roofline(
      layer: try layer(multiplyAccumulates: work, bytes: bytes), milliseconds: 2 * milliseconds, isFused: isFused,
      peak: profile.peak, bandwidth: profile.bandwidth)
    #expect(roofline.bound == bound)
    #expect(abs(roofline.shareOfBound - 0.5) < 1e-9)
  }
}

import Foundation

/// The pictures of the report.
enum ProfilePlots {
  private static let width = 960.0
  private static let left = 130.0
  private static let right = 40.0
  private static var plotWidth: Double { width - left - right }

  /// A bar for each stage: its median, with a line to its 99th percentile.
  static func stages(_ profile: FrameProfile) -> String {
    let row = 26.0
    var svg = SVG(width: width, height: row * Double(profile.stages.count) + 34)
    let scale = PlotScale(largest: profile.stages.map(\.milliseconds.p99).max() ?? 1)
    func x(_ value: Double) -> Double { left + min(value / scale.limit, 1) * plotWidth }
    for (index, stage) in profile.stages.enumerated() {
      let y = Double(index) * row + 4
      let times = stage.milliseconds
      let title = String(format: "%@: median %.3f ms, p99 %.3f ms", stage.name, times.median, times.p99)
      svg.label(stage.name, x: left - 8, y: y + 14, anchor: "end")
      svg.rectangle(x: left, y: y, width: x(times.median) - left, height: 18, style: "s\(index % 6)", title: title)
      svg.line(x1: x(times.median), y1: y + 9, x2: x(times.p99), y2: y + 9, style: "whisker")
      svg.label(String(format: "%.2f", times.median), x: x(times.p99) + 5, y: y + 14)
    }
    let bottom = row * Double(profile.stages.count) + 6
    for tick in scale.ticks {
      svg.line(x1: x(tick), y1: 0, x2: x(tick), y2: bottom, style: "grid")
      svg.label("\(scale.text(tick)) ms", x: x(tick), y: bottom + 16, anchor: "middle")
    }
    return svg.element(label: "Median time of each stage, with a line to its 99th percentile")
  }

  /// The frames in the order they were measured, stages stacked; at most 400 of them, the last ones.
  static func timeline(_ measurement: FrameMeasurement) -> String {
    let frames = measurement.frames.suffix(400).map { $0.map { Double($0) / 1e6 } }
    let height = 180.0
    var svg = SVG(width: width, height: height + 28)
    let scale = PlotScale(largest: frames.map { $0.reduce(0, +) }.max() ?? 1)
    let bar = plotWidth / Double(max(frames.count, 1))
    for tick in scale.ticks {
      let y = height - tick / scale.limit * (height - 8)
      svg.line(x1: left, y1: y, x2: width - right, y2: y, style: "grid")
      svg.label("\(scale.text(tick)) ms", x: left - 8, y: y + 4, anchor: "end")
    }
    for (index, stages) in frames.enumerated() {
      var y = height
      for (stage, milliseconds) in stages.enumerated() {
        let tall = milliseconds / scale.limit * (height - 8)
        y -= tall
        svg.rectangle(
          x: left + Double(index) * bar, y: y, width: max(bar - 0.3, 0.7), height: tall, style: "s\(stage % 6)")
      }
    }
    svg.label("the last \(frames.count) frames, in the order they were measured", x: left, y: height + 20)
    return svg.element(label: "Time of each frame, by stage")
  }

  /// How often whole frames took how long; the slowest hundredth is gathered in the last bar.
  static func histogram(_ measurement: FrameMeasurement) -> String {
    let times = measurement.frames.map { Double($0.reduce(0, +)) / 1e6 }.sorted()
    let low = times.first ?? 0
    let high = max(times.isEmpty ? 1 : times[min(times.count - 1, times.count * 99 / 100)], low + 1e-3)
    let bins = 48
    var counts = [Int](repeating: 0, count: bins)
    for time in times {
      let bin = Int((time - low) / (high - low) * Double(bins))
      counts[min(max(bin, 0), bins - 1)] += 1
    }
    let height = 160.0
    var svg = SVG(width: width, height: height + 28)
    let largest = Double(max(counts.max() ?? 1, 1))
    let bar = plotWidth / Double(bins)
    for (index, count) in counts.enumerated() {
      let tall = Double(count) / largest * (height - 16)
      let from = low + (high - low) * Double(index) / Double(bins)
      svg.rectangle(
        x: left + Double(index) * bar, y: height - tall, width: bar - 1, height: tall, style: "s2",
        title: String(format: "from %.3f ms: %d frames", from, count))
    }
    for step in 0...4 {
      let value = low + (high - low) * Double(step) / 4
      svg.label(
        String(format: "%.2f ms", value), x: left + plotWidth * Double(step) / 4, y: height + 18, anchor: "middle")
    }
    svg.label("\(Int(largest)) frames", x: left - 8, y: 22, anchor: "end")
    return svg.element(label: "How often a whole frame took how long")
  }
}

extension ProfilePlots {
  /// Both axes logarithmic: multiply-accumulates a byte, and multiply-accumulates a second.
  static func roofline(_ profile: FrameProfile) -> String {
    let layers = profile.layers.filter { $0.description.multiplyAccumulates > 0 }
    let plot = RooflinePlot(profile: profile, layers: layers)
    return plot.element()
  }
}

/// The roofline's axes, roofs and points.
private struct RooflinePlot {
  let profile: FrameProfile
  let layers: [FrameProfile.Layer]
  private let width = 960.0
  private let height = 340.0
  private let left = 130.0
  private let bottom = 300.0
  private let intensities: ClosedRange<Double>
  private let speeds: ClosedRange<Double>

  init(profile: FrameProfile, layers: [FrameProfile.Layer]) {
    self.profile = profile
    self.layers = layers
    func decades(_ values: [Double]) -> ClosedRange<Double> {
      let logs = values.filter { $0 > 0 }.map(log10)
      let low = floor(logs.min() ?? 0)
      return low...max(ceil(logs.max() ?? 1), low + 1)
    }
    intensities = decades(layers.map(\.roofline.intensity))
    speeds = decades(layers.map(\.gigaMultiplyAccumulates) + [profile.peak.gigaMultiplyAccumulates])
  }

  private func x(_ intensity: Double) -> Double {
    let share =
      (log10(max(intensity, 1e-9)) - intensities.lowerBound) / (intensities.upperBound - intensities.lowerBound)
    return left + min(max(share, 0), 1) * (width - left - 40)
  }

  private func y(_ speed: Double) -> Double {
    let share = (log10(max(speed, 1e-9)) - speeds.lowerBound) / (speeds.upperBound - speeds.lowerBound)
    return bottom - min(max(share, 0), 1) * (bottom - 12)
  }

  func element() -> String {
    var svg = SVG(width: width, height: height)
    drawAxes(&svg)
    drawRoofs(&svg)
    let longest = layers.map(\.milliseconds.median).max() ?? 1
    for layer in layers {
      let share = layer.milliseconds.median / max(longest, 1e-9)
      let text = String(
        format: "%@: %.4f ms, %.1f GMAC/s, %.0f %% of its bound (%@)", layer.description.name,
        layer.milliseconds.median, layer.gigaMultiplyAccumulates, 100 * layer.roofline.shareOfBound,
        layer.roofline.bound.rawValue)
      svg.circle(
        x: x(layer.roofline.intensity), y: y(layer.gigaMultiplyAccumulates), radius: 3 + 7 * share.squareRoot(),
        style: "point", title: text)
    }
    return svg.element(label: "Speed of each layer against its arithmetic intensity, under the machine's roofs")
  }

  private func drawAxes(_ svg: inout SVG) {
    for power in Int(intensities.lowerBound)...Int(intensities.upperBound) {
      let x = x(pow(10, Double(power)))
      svg.line(x1: x, y1: 12, x2: x, y2: bottom, style: "grid")
      svg.label(decade(power), x: x, y: bottom + 18, anchor: "middle")
    }
    for power in Int(speeds.lowerBound)...Int(speeds.upperBound) {
      let y = y(pow(10, Double(power)))
      svg.line(x1: left, y1: y, x2: width - 40, y2: y, style: "grid")
      svg.label(decade(power), x: left - 8, y: y + 4, anchor: "end")
    }
    svg.label("multiply-accumulates for each activation byte", x: width - 40, y: bottom + 36, anchor: "end")
    svg.label("GMAC/s", x: left - 8, y: bottom + 18, anchor: "end")
  }

  private func drawRoofs(_ svg: inout SVG) {
    let peak = profile.peak.gigaMultiplyAccumulates
    let roofs = [
      ("second-level cache", profile.bandwidth.levelTwoGigabytes), ("memory", profile.bandwidth.memoryGigabytes),
    ]
    let lowest = pow(10, intensities.lowerBound)
    for (name, bandwidth) in roofs {
      // A roof leaves the plot through its floor or its left side, and ends at the compute peak.
      let from = max(lowest, pow(10, speeds.lowerBound) / max(bandwidth, 1e-9))
      let to = peak / max(bandwidth, 1e-9)
      guard from < to else { continue }
      svg.line(x1: x(from), y1: y(from * bandwidth), x2: x(to), y2: y(peak), style: "roof")
      svg.label(String(format: "%@ %.0f GB/s", name, bandwidth), x: x(from) + 6, y: y(from * bandwidth) - 6)
    }
    svg.line(x1: left, y1: y(peak), x2: width - 40, y2: y(peak), style: "roof")
    svg.label(String(format: "compute %.0f GMAC/s", peak), x: width - 44, y: y(peak) - 6, anchor: "end")
  }

  private func decade(_ power: Int) -> String {
    power >= 0 ? String(format: "%.0f", pow(10, Double(power))) : String(format: "%g", pow(10, Double(power)))
  }
}

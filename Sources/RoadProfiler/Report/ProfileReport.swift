import Foundation

/// A profile as one self-contained page: no scripts, nothing fetched, light and dark, printable.
public enum ProfileReport {
  public static func html(_ measurement: FrameMeasurement) -> String {
    let profile = measurement.profile
    let title = "roadseg profile: \(profile.model) at \(profile.inputSize)"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.escaped(title))</title>
      <style>\(style)</style>
      </head>
      <body>
      <h1>\(HTML.escaped(title))</h1>
      \(verdict(profile))
      \(HTML.list(facts(profile)))
      <h2>Stages</h2>
      \(ProfilePlots.stages(profile))
      \(HTML.table(timeHeader, stageRows(profile)))
      <h2>Frames</h2>
      \(legend(measurement.stageNames))
      \(ProfilePlots.timeline(measurement))
      <h2>Time of a whole frame</h2>
      \(ProfilePlots.histogram(measurement))
      <h2>Layers under the machine's roofs</h2>
      <p>Each circle is a layer, larger where it takes longer. Point at one to read its name.</p>
      \(ProfilePlots.roofline(profile))
      <h2>Layers</h2>
      \(HTML.table(layerHeader, layerRows(profile)))
      </body>
      </html>

      """
  }

  private static func verdict(_ profile: FrameProfile) -> String {
    let text =
      profile.conditions.isQuiet
      ? "The machine was quiet."
      : "The machine was too noisy to conclude: \(profile.conditions.doubts.joined(separator: "; "))."
    return "<p class=\"\(profile.conditions.isQuiet ? "quiet" : "noisy")\">\(HTML.escaped(text))</p>"
  }

  private static func facts(_ profile: FrameProfile) -> [[String]] {
    let conditions = profile.conditions
    func known(_ value: Double?, _ unit: String) -> String { value.map { "\(fixed($0, 0)) \(unit)" } ?? "not known" }
    var rows = [
      [
        "frames",
        "\(profile.frames) of \(profile.frameSize) \(profile.frameFormat.rawValue), "
          + "in \(profile.repetitions) repetitions",
      ],
      [
        "processor",
        "\(profile.instructionSet), \(profile.threads) threads, governor \(conditions.governor ?? "not known")",
      ],
      [
        "clock", "\(known(conditions.megahertzBefore, "MHz")) before, \(known(conditions.megahertzAfter, "MHz")) after",
      ],
      ["heat", "\(known(conditions.celsiusBefore, "°C")) before, \(known(conditions.celsiusAfter, "°C")) after"],
      ["other load", conditions.otherLoad.map { "\(fixed($0, 2)) processors" } ?? "not known"],
      [
        "measured peaks",
        "\(fixed(profile.peak.gigaMultiplyAccumulates, 1)) GMAC/s, second-level cache "
          + "\(fixed(profile.bandwidth.levelTwoGigabytes, 0)) GB/s, "
          + "memory \(fixed(profile.bandwidth.memoryGigabytes, 0)) GB/s",
      ],
      [
        "network",
        "\(fixed(profile.networkGigaMultiplyAccumulates, 1)) GMAC/s, "
          + "\(fixed(100 * profile.networkShareOfPeak, 1)) % of the peak",
      ],
    ]
    if let counters = profile.counters {
      rows.append([
        "counters of a frame",
        "\(fixed(counters.cyclesPerFrame / 1e6, 2)) million cycles, \(fixed(counters.instructionsPerCycle, 2)) "
          + "instructions a cycle, \(fixed(counters.cacheMissesPerFrame, 0)) cache misses",
      ])
    }
    if let deadline = profile.deadline {
      let blame = deadline.missesByStage.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }
      let by = blame.isEmpty ? "" : " (by stage: \(blame.joined(separator: ", ")))"
      rows.append([
        "deadline", "\(deadline.misses) frames took more than \(fixed(deadline.budgetMilliseconds, 1)) ms\(by)",
      ])
    }
    return rows
  }

  private static let timeHeader = [
    "stage", "median ms", "low", "high", "p90", "p99", "p99.9", "max", "jitter", "share",
  ]

  private static func stageRows(_ profile: FrameProfile) -> [[String]] {
    let stages = profile.stages.map { ($0.name, $0.milliseconds) }
    return (stages + [("camera to overlay", profile.cameraToOverlay), ("whole frame", profile.total)]).map {
      name, times in
      [name]
        + [times.median, times.low, times.high, times.p90, times.p99, times.p999, times.maximum, times.jitter]
        .map { fixed($0, 3) } + ["\(fixed(100 * times.median / max(profile.total.median, 1e-9), 1)) %"]
    }
  }

  private static let layerHeader = [
    "layer", "kind", "output", "window", "MMAC", "median ms", "low", "high", "p99", "GMAC/s", "of peak", "GB/s",
    "bound",
    "of bound", "kernel",
  ]

  private static func layerRows(_ profile: FrameProfile) -> [[String]] {
    profile.layers.map { row in
      let layer = row.description
      let times = row.milliseconds
      return [
        layer.name, layer.kind.rawValue, "\(layer.height)x\(layer.width)x\(layer.channels)", layer.window,
        fixed(Double(layer.multiplyAccumulates) / 1e6, 2), fixed(times.median, 4), fixed(times.low, 4),
        fixed(times.high, 4), fixed(times.p99, 4), fixed(row.gigaMultiplyAccumulates, 1),
        "\(fixed(100 * row.shareOfPeak, 1)) %", fixed(row.gigabytes, 1), row.roofline.bound.rawValue,
        "\(fixed(100 * row.roofline.shareOfBound, 0)) %", layer.kernel,
      ]
    }
  }

  private static func legend(_ names: [String]) -> String {
    let entries = names.enumerated().map { index, name in
      "<li><svg viewBox=\"0 0 10 10\" class=\"key\" aria-hidden=\"true\">"
        + "<rect width=\"10\" height=\"10\" class=\"s\(index % 6)\"/></svg>\(HTML.escaped(name))</li>"
    }
    return "<ul class=\"legend\">\(entries.joined())</ul>"
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #d5dae0; --point: #1f6feb;
      --s0: #4477aa; --s1: #66ccee; --s2: #228833; --s3: #ccbb44; --s4: #ee6677; --s5: #aa3377; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #30363d; --point: \
    #58a6ff; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
      max-width: 1000px; padding: 1rem; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
    svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
    .s0 { fill: var(--s0); } .s1 { fill: var(--s1); } .s2 { fill: var(--s2); }
    .s3 { fill: var(--s3); } .s4 { fill: var(--s4); } .s5 { fill: var(--s5); }
    .grid { stroke: var(--faint); } .whisker { stroke: var(--ink); stroke-width: 2; }
    .roof { stroke: var(--ink); stroke-width: 1.5; } .point { fill: var(--point); fill-opacity: .55; stroke: \
    var(--point); }
    .legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
    .key { width: .8em; height: .8em; margin-right: .3em; }
    .quiet { color: #1a7f37; } .noisy { color: #bc4c00; font-weight: 600; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dt { font-weight: 600; } dd { \
    margin: 0; }
    .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: \
    .85rem; }
    th, td { text-align: right; padding: .15rem .6rem; border-bottom: 1px solid var(--faint); white-space: nowrap; }
    th:first-child, td:first-child { text-align: left; }
    """
}

/// A profile as a table for spreadsheets: a header, then a row for each stage and each layer (RFC 4180, but with "\n").
public enum ProfileCSV {
  public static func text(_ profile: FrameProfile) -> String {
    let header =
      "part,name,kind,height,width,channels,window,kernel,multiply_accumulates,bytes_moved,median_ms,low_ms,high_ms,"
      + "p90_ms,p99_ms,p999_ms,maximum_ms,jitter_ms,gmac_per_second,share_of_peak,gigabytes_per_second,"
      + "bound,share_of_bound"
    let stages = profile.stages.map { ["stage", quoted($0.name)] + blank(8) + times($0.milliseconds) + blank(5) }
    let whole = [["frame", "whole frame"] + blank(8) + times(profile.total) + blank(5)]
    let rows = stages + whole + profile.layers.map(row)
    return ([header] + rows.map { $0.joined(separator: ",") }).joined(separator: "\n") + "\n"
  }

  private static func row(_ layer: FrameProfile.Layer) -> [String] {
    let description = layer.description
    return [
      "layer", quoted(description.name), quoted(description.kind.rawValue), "\(description.height)",
      "\(description.width)", "\(description.channels)", quoted(description.window), quoted(description.kernel),
      "\(description.multiplyAccumulates)", "\(description.bytesMoved)",
    ] + times(layer.milliseconds) + [
      "\(layer.gigaMultiplyAccumulates)", "\(layer.shareOfPeak)", "\(layer.gigabytes)", layer.roofline.bound.rawValue,
      "\(layer.roofline.shareOfBound)",
    ]
  }

  private static func times(_ times: MeasuredTimes) -> [String] {
    [times.median, times.low, times.high, times.p90, times.p99, times.p999, times.maximum, times.jitter].map { "\($0)" }
  }

  private static func blank(_ count: Int) -> [String] { Array(repeating: "", count: count) }

  private static func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}

import Glibc
import RoadFrame
import RoadSink

/// What every segment tells once: enough to compute its masks again.
enum RecordingMetadata {
  static let name = "roadseg"
  static let classesName = "classes.tsv"

  static func beginning(
    _ session: SinkSession, _ options: RecorderOptions, _ layout: MessageLayout, runID: String
  ) -> SegmentStore.Beginning {
    let source = session.source
    var pairs = [
      "run": runID, "version": session.identity.version, "model": session.identity.model,
      "instruction_set": session.identity.instructionSet, "source": source.name,
      "size": "\(source.size)", "format": source.format.rawValue, "image_stride": String(options.imageStride),
      "mask_stride": String(options.maskStride), "mask_hash": "XXH64 of the class map, one byte a pixel, row by row",
      "schemas": layout.schemas.rawValue, "drivable": String(session.classes.drivable), "host": hostName,
      "images": source.format.compressedImageFormat != nil || layout.rawImages ? "as captured" : "encoded",
    ]
    pairs.merge(options.metadata) { own, _ in own }
    pairs["model_sha256"] = session.identity.modelHash
    pairs["rate"] = source.nominalRate.map { "\($0)" }
    let classes = MCAPAttachment(
      name: classesName, mediaType: "text/tab-separated-values", data: Array(session.classes.text.utf8))
    return SegmentStore.Beginning(
      library: "roadseg \(session.identity.version)", layout: layout,
      metadata: [MCAPMetadata(name: name, pairs: pairs)],
      attachments: [classes]
        + options.attachments.map { MCAPAttachment(name: $0.name, mediaType: $0.mediaType, data: $0.data) })
  }

  private static var hostName: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let base = buffer.baseAddress, gethostname(base, 255) == 0 else { return "" }
      buffer[255] = 0
      return String(cString: base)
    }
  }
}

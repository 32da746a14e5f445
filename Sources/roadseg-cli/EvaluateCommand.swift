import ArgumentParser
import RoadBase
import RoadCamera
import RoadEvaluation
import RoadFrame
import RoadMask
import RoadModel
import RoadQuantizer
import RoadSeg
import RoadSegmentation
import RoadTelemetry

/// `roadseg evaluate`
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Scores a model, int8 or float, against labelled pictures.",
    discussion: """
      Labels are PNG files whose pixels are class indices (grey, paletted, or equal red, green and blue); value 255 is \
      left out. \
      Pixels in colours are looked up in the label map, else in the model's class table. The class map is made at the \
      label's size. \
      IoU of a class = TP / (TP + FP + FN) over all pictures together; mIoU is its mean over the classes that occur; \
      road boundary IoU counts only pixels near the edges of the road, 2 % of the diagonal (Cheng et al., 2021). \
      Where the \
      label map knows the road alone, road is scored against not road.

      Folders may hold subfolders. A label has its picture's name, perhaps with an ending as the data sets write it \
      (a_leftImg8bit.png and a_gtFine_labelIds.png, b.png and b_L.png). In a list, fields are separated by blanks, \
      tabs or commas.

      --images also takes a recording (.mcap, or a folder of them). The label of its frame 12 is frame-000012.png, as \
      roadseg export names its pictures; frames without a label are left out. Without --labels the recorded masks are \
      the labels: then the figures tell how far the model agrees with the one that recorded, not how right it is.

      EXAMPLES:
        roadseg evaluate --images val/images --labels val/labels
        roadseg evaluate --list camvid/val.txt --label-map Calibration/label-maps/camvid-to-driving7.tsv --json
        roadseg evaluate --list val.txt --model float.onnx
        roadseg evaluate --images drive.mcap --labels labels/
        roadseg evaluate --images recordings/ --model new.onnx
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var pictureOptions: PictureOptions

  @OptionGroup var inputSize: ModelSizeOptions
  @OptionGroup var cleaning: MaskCleaningOptions

  @Flag(name: .long, help: "Refine the masks with a dense conditional random field: seconds a picture.")
  var crf = false

  @Option(name: .long, help: ArgumentHelp("Folder of JPEG or PNG pictures, or a recording.", valueName: "dir"))
  var images: String?

  @Option(name: .long, help: ArgumentHelp("Folder of label PNGs with the pictures' names.", valueName: "dir"))
  var labels: String?

  @Option(
    name: .long, help: ArgumentHelp("Text file, one 'picture label' pair a line, relative to it.", valueName: "file"))
  var list: String?

  @Option(name: .long, help: ArgumentHelp("Table from the labels' values to the model's classes.", valueName: "file"))
  var labelMap: String?

  @Flag(name: .long, help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws {
    let needsLabels = images.map { !FrameSources.isRecording($0) } ?? false
    guard (list != nil) != (images != nil), labels == nil || images != nil, labels != nil || !needsLabels else {
      throw ValidationError("give either --list, or --images and --labels")
    }
  }

  func run() throws {
    guard let images, FrameSources.isRecording(images) else { return try evaluate(pairs()) }
    guard let labels else { return try evaluateOnMasks(of: images) }
    let recording = try LabelledRecording(
      paths: [images], labels: labels, maximumPixels: pictureOptions.maximumPixels)
    if let remark = recording.remark { Terminal.say("roadseg: \(remark)") }
    try evaluate(recording)
  }

  private func evaluateOnMasks(of images: String) throws {
    let recording = try SelfLabelledRecording(paths: [images], maximumPixels: pictureOptions.maximumPixels)
    Terminal.say("roadseg: the recorded masks are the labels: agreement is scored, not accuracy")
    try evaluate(recording) { (segmenter) throws(RoadError) in
      guard labelMap == nil, let classes = recording.classes, classes != segmenter.classes else { return }
      throw RoadError(
        .label, "\(images): its masks have other classes than \(modelOptions.model)",
        remedy: "give --labels, or a --label-map from the recorded classes to the model's")
    }
  }

  private func evaluate(
    _ pictures: some LabelledPictures, check: (any PictureSegmenter) throws(RoadError) -> Void = { _ in }
  ) throws {
    let graph = try modelOptions.graph()
    // Figures on pictures that the model's ranges were chosen on would look better than they are.
    try CalibrationManifest(of: graph)?.refuseOverlap(with: pictures)
    let network = try Segmenters.make(
      graph, name: modelOptions.model, classes: modelOptions.classTable(), size: inputSize.size,
      threads: threads.count)
    let segmenter = CleaningSegmenter(crf ? CRFPictureSegmenter(network) : network, options: cleaning.options())
    try check(segmenter)
    var map: LabelMap?
    if let labelMap { map = try LabelMap(path: labelMap, classes: segmenter.classes.count) }
    let bar = Terminal.ProgressBar("evaluating", total: pictures.count)
    let outcome = try Evaluation.outcome(
      of: segmenter, on: pictures, labelMap: map, maximumPixels: pictureOptions.maximumPixels
    ) { bar.update($0) }
    if let warning = outcome.warning(voidIsValue255: map == nil) { Terminal.say("roadseg: \(warning)") }
    let result = EvaluationResult(
      model: modelOptions.model, segmenter: segmenter, crf: crf, pictures: pictures.count, scores: outcome.scores,
      boundary: outcome.boundary)
    guard json else { return Terminal.printLine(result.table) }
    let about = RunAbout(try modelOptions.identity(), source: list ?? images, isSynthetic: false)
    try Terminal.printJSON(WithAbout(about, result))
  }

  private func pairs() throws(RoadError) -> [PicturePair] {
    if let list { return try PicturePairs.list(list) }
    return try PicturePairs.folders(images: images ?? "", labels: labels ?? "")
  }
}

/// What `evaluate --json` prints. Shares are 0...1; null where no pixel decides.
private struct EvaluationResult: Encodable {
  let model: String
  let arithmetic: String
  let inputSize: String
  let clean: String
  @Nullable var nearBottom: Int?
  let crf: Bool
  let pictures: Int
  let pixels: UInt64
  @Nullable var miou: Double?
  @Nullable var roadIoU: Double?
  @Nullable var roadBoundaryIoU: Double?
  @Nullable var pixelAccuracy: Double?
  @Nullable var meanAccuracy: Double?
  @Nullable var frequencyWeightedIoU: Double?
  let perClassIoU: [String: Double?]
  let absentClasses: [String]
  private let order: [String]

  enum CodingKeys: String, CodingKey {
    case model, arithmetic, clean, crf, pictures, pixels, miou
    case inputSize = "input_size"
    case nearBottom = "near_bottom"
    case roadIoU = "road_iou"
    case roadBoundaryIoU = "road_boundary_iou"
    case pixelAccuracy = "pixel_accuracy"
    case meanAccuracy = "mean_accuracy"
    case frequencyWeightedIoU = "frequency_weighted_iou"
    case perClassIoU = "per_class_iou"
    case absentClasses = "absent_classes"
  }

  init(
    model: String, segmenter: CleaningSegmenter, crf: Bool, pictures: Int, scores: SegmentationScores,
    boundary: BoundaryIoU
  ) {
    self.model = model
    self.crf = crf
    arithmetic = segmenter.arithmetic
    inputSize = segmenter.inputSize.description
    clean = segmenter.options.mode?.rawValue ?? CleanMode.off.rawValue
    nearBottom = segmenter.options.nearBottom
    self.pictures = pictures
    pixels = scores.pixels
    miou = scores.meanIoU
    roadIoU = scores.roadIoU
    roadBoundaryIoU = boundary.value
    pixelAccuracy = scores.pixelAccuracy
    meanAccuracy = scores.meanAccuracy
    frequencyWeightedIoU = scores.frequencyWeightedIoU
    perClassIoU = Dictionary(uniqueKeysWithValues: scores.perClass.map { ($0.name, $0.iou) })
    absentClasses = scores.absentClasses
    order = scores.perClass.map(\.name)
  }

  var table: String {
    var rows = [["figure", "value"], ["road IoU", Format.percent(roadIoU)], ["mIoU", Format.percent(miou)]]
    rows.append(["road boundary IoU", Format.percent(roadBoundaryIoU)])
    rows.append(["pixel accuracy", Format.percent(pixelAccuracy)])
    rows.append(["mean accuracy", Format.percent(meanAccuracy)])
    rows.append(["frequency-weighted IoU", Format.percent(frequencyWeightedIoU)])
    for name in order { rows.append(["IoU \(name)", Format.percent(perClassIoU[name] ?? nil)]) }
    let cleaned = (clean == CleanMode.off.rawValue ? "" : ", clean \(clean)") + (crf ? ", crf" : "")
    return "\(model) (\(arithmetic), \(inputSize)\(cleaned)) on \(pictures) pictures\n" + Format.table(rows)
  }
}

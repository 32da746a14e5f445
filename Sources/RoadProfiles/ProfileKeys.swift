extension ProfileKey {
  /// Every key of a profile, in the order that a profile is written in. A test holds each to an option of the command.
  public static let all: [ProfileKey] = camera + network + masks + metres + live + record

  private static let camera: [ProfileKey] = [
    ProfileKey(
      .camera, "source", .text,
      "What frames come from: /dev/video0, a stable path of roadseg cameras, a folder, or synthetic."),
    ProfileKey(.camera, "size", .size, "Frame size that the camera is asked for."),
    ProfileKey(.camera, "rate", .number(above: 0, upTo: 1000), "Frames a second that the camera is asked for."),
    ProfileKey(.camera, "format", .text, "Pixel format that the camera is asked for, as roadseg cameras names it."),
  ]

  private static let network: [ProfileKey] = [
    ProfileKey(.network, "model", .text, "A shipped network's name, or an ONNX file."),
    ProfileKey(.network, "classes", .text, "Class table for a model whose file holds none."),
    ProfileKey(.network, "input-size", .size, "Size of the network's input, for a model that leaves it open."),
    ProfileKey(
      .network, "threads", .integer(1...256), "Threads that compute; the rest of the board keeps the other cores."),
    ProfileKey(
      .network, "preparation", .choice(["pictures", "planes", "scaled-planes"]),
      "How JPEGs come to the network; each way gives masks of its own."),
  ]

  private static let masks: [ProfileKey] = [
    ProfileKey(
      .masks, "clean", .choice(["off", "gentle", "strong"]),
      "Specks of road go and holes in it are filled, less or more of them; recorded masks are the cleaned ones."),
    ProfileKey(
      .masks, "near-bottom", .integer(1...100),
      "Road goes that does not reach into the lowest so many percent of the picture."),
    ProfileKey(
      .masks, "own-parts", .text,
      "What is never road, such as the bonnet: a text of polygons; auto: what live found of this camera; off."),
    ProfileKey(
      .masks, "region", .text,
      "The polygon with all the road, corners as x,y in percent: 0,30 100,30 100,100 0,100."),
  ]

  private static let metres: [ProfileKey] = [
    ProfileKey(
      .metres, "camera-calibration", .text,
      "Calibration of the camera, made by roadseg calibrate-camera: figures in metres."),
    ProfileKey(
      .metres, "directions", .integer(1...91),
      "Directions in which the free distance is measured, an odd number."),
    ProfileKey(
      .metres, "camera-pitch", .choice(["fixed", "road"]),
      "Pitch of the camera: as calibrated, or found on each frame from where the edges of a road of one width meet."),
  ]

  private static let live: [ProfileKey] = [
    ProfileKey(
      .live, "output", .texts,
      "Where frames go: a folder of overlay JPEGs, /dev/videoN, film.avi, unix:PATH, shm:/NAME, - for a stream."),
    ProfileKey(
      .live, "overlay", .choice(["road", "confidence"]),
      "What the road is painted with: its colour, or red to green by how sure the network is."),
    ProfileKey(
      .live, "budget-ms", .number(above: 0, upTo: 60_000),
      "Milliseconds from capture to the drawn picture; what would take longer is dropped or done with less."),
    ProfileKey(
      .live, "stabilise", .choice(["off", "gentle", "strong"]),
      "Masks are steadied over time where the picture has not changed, less or more."),
    ProfileKey(.live, "web", .text, "Address and port of the page, such as 127.0.0.1:8080."),
    ProfileKey(.live, "web-token", .text, "File with the token that viewers from elsewhere need."),
    ProfileKey(.live, "json", .flag, "One JSON object a second instead of a line of text."),
  ]

  private static let record: [ProfileKey] = [
    ProfileKey(.record, "output", .text, "Folder for the recordings."),
    ProfileKey(.record, "images-every", .integer(0...1_000_000), "Keep every so many-th picture; 0 for none."),
    ProfileKey(.record, "masks-every", .integer(0...1_000_000), "Keep the mask of every so many-th frame; 0 for none."),
    ProfileKey(
      .record, "birdseye-every", .integer(0...1_000_000),
      "Keep every so many-th frame from above, too, where the camera is calibrated; 0 for none."),
    ProfileKey(.record, "jpeg-quality", .integer(1...100), "Of pictures that the camera does not send as JPEG."),
    ProfileKey(.record, "raw-masks", .flag, "Masks as raw images, a byte a pixel, instead of PNGs."),
    ProfileKey(.record, "schemas", .choice(["foxglove", "ros2"]), "Whose message types a recording uses."),
    ProfileKey(.record, "compression", .choice(["none", "zstd"]), "Packing of what is not JPEG or PNG."),
    ProfileKey(.record, "chunk-time", .time, "A power cut loses one chunk at most: its length."),
    ProfileKey(.record, "chunk-size", .bytes, "The same in bytes."),
    ProfileKey(.record, "segment-time", .time, "A new file begins after this time."),
    ProfileKey(.record, "segment-size", .bytes, "A new file begins at this size."),
    ProfileKey(
      .record, "sync", .sync, "When to wait for the disk; more often is safer and wears a memory card out sooner."),
    ProfileKey(.record, "max-size", .bytes, "The oldest files go when all together are larger."),
    ProfileKey(.record, "max-age", .time, "Files that are older go."),
    ProfileKey(.record, "min-free", .bytes, "The oldest files go when the disk has less free."),
    ProfileKey(
      .record, "trigger", .choices(["signal", "file", "http"]), "Nothing is written until one of these comes."),
    ProfileKey(.record, "trigger-file", .text, "The file whose making or change is a trigger."),
    ProfileKey(.record, "trigger-port", .integer(1...65535), "The port of the loopback address that takes a trigger."),
    ProfileKey(.record, "pre-roll", .time, "How much from before a trigger is kept."),
    ProfileKey(.record, "post-roll", .time, "How long recording goes on after a trigger."),
    ProfileKey(.record, "memory", .bytes, "Frames that may wait for a slow disk."),
    ProfileKey(.record, "json", .flag, "One JSON object a second instead of a line of text."),
  ]
}

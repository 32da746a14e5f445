import ArgumentParser
import RoadBase

/// The board that is shown to the camera.
struct BoardOptions: ParsableArguments {
  @Option(
    name: .customLong("board"),
    help: ArgumentHelp("Inner corners of a checkerboard, or squares of a ChArUco board: 9x6.", valueName: "CxR"))
  var corners: BoardSize?

  @Option(name: .long, help: ArgumentHelp("Side of a square.", valueName: "mm"))
  var square: Double?

  @Option(
    name: .long,
    help: ArgumentHelp("A ChArUco board with these markers, by OpenCV's name: DICT_5X5_100.", valueName: "markers"))
  var charuco: String?

  @Option(name: .long, help: ArgumentHelp("Side of a marker of a ChArUco board.", valueName: "mm"))
  var marker: Double?

  func validate() throws {
    guard (corners == nil) == (square == nil) else { throw ValidationError("give both --board and --square") }
    guard (charuco == nil) == (marker == nil) else { throw ValidationError("give both --charuco and --marker") }
    if let square, !BoardSize.squares.contains(square) { throw ValidationError("--square takes 1 to 2000 mm") }
    if let marker, !(marker > 0 && marker < square ?? 0) {
      throw ValidationError("--marker takes mm, fewer than --square")
    }
  }

  var board: CalibrationTask.Board? {
    guard let corners, let square else { return nil }
    return CalibrationTask.Board(
      columns: corners.columns, rows: corners.rows, square: square / 1000, marker: marker.map { $0 / 1000 },
      dictionary: charuco)
  }
}

/// How the camera stands over the road.
struct MountOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("A picture of a board that lies on the road: tells height, pitch and roll.", valueName: "file"))
  var road: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Inner corners of the checkerboard on the road. (default: the same board as for the lens)", valueName: "CxR"))
  var roadBoard: BoardSize?

  @Option(name: .long, help: ArgumentHelp("Side of its squares. (default: as --square)", valueName: "mm"))
  var roadSquare: Double?

  @Option(name: .long, help: ArgumentHelp("Of the lens over the road.", valueName: "m"))
  var height: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("How far the camera looks down, by a level.", valueName: "degrees"))
  var pitch: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Row of the horizon in the picture, 0 at the top.", valueName: "row"))
  var horizon: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("Where straight ahead is in the picture: where lane marks meet.", valueName: "x,y"))
  var vanishingPoint: PicturePoint?

  @Option(
    name: .long,
    help: ArgumentHelp("Pictures of a straight, level road: its lane marks tell pitch and yaw.", valueName: "source"))
  var lanes: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --lanes: from the middle of one mark of the lane to that of the other; tells the height.", valueName: "m"))
  var laneWidth: Double?

  func validate() throws {
    if let laneWidth {
      guard lanes != nil, height == nil else {
        throw ValidationError("--lane-width belongs to --lanes, and takes the place of --height")
      }
      guard (1...10).contains(laneWidth) else { throw ValidationError("--lane-width takes 1 to 10 metres") }
    }
    let ways = [pitch != nil, horizon != nil, vanishingPoint != nil, lanes != nil].filter { $0 }.count
    if road != nil {
      guard height == nil, ways == 0 else { throw ValidationError("--road tells height and pitch: give it alone") }
    } else {
      guard height != nil || laneWidth != nil, ways == 1 else {
        throw ValidationError(
          "give --road, or --height with one of --pitch, --horizon, --vanishing-point and --lanes, or --lanes with "
            + "--lane-width: metres need a mount")
      }
      guard roadBoard == nil, roadSquare == nil else { throw ValidationError("--road-board needs --road") }
    }
    if let height, !(0.1...20).contains(height) { throw ValidationError("--height takes 0.1 to 20 metres") }
    if let pitch, !(-45...60).contains(pitch) { throw ValidationError("--pitch takes -45 to 60 degrees") }
    if let roadSquare, !BoardSize.squares.contains(roadSquare) {
      throw ValidationError("--road-square takes 1 to 2000 mm")
    }
  }

  /// What shows the mount; nil where numbers tell it.
  var pictures: String? { road ?? lanes }
  var kindOfPictures: String { road == nil ? "LANES" : "ROAD" }

  /// - Parameter other: the board of the lens.
  func roadBoard(else other: CalibrationTask.Board?) throws(RoadError) -> CalibrationTask.Board? {
    guard road != nil else { return nil }
    if roadBoard == nil, roadSquare == nil, let other { return other }
    guard let columns = roadBoard?.columns ?? other?.columns, let rows = roadBoard?.rows ?? other?.rows,
      let square = roadSquare.map({ $0 / 1000 }) ?? other?.square
    else {
      throw RoadError(.option, "--road: its board is not known", remedy: "give --road-board and --road-square")
    }
    return CalibrationTask.Board(columns: columns, rows: rows, square: square)
  }

  var task: CalibrationTask.Mount {
    if road != nil { return CalibrationTask.Mount(kind: "board") }
    if lanes != nil { return CalibrationTask.Mount(kind: "lanes", height: height, lane: laneWidth) }
    if let pitch { return CalibrationTask.Mount(kind: "given", height: height, pitch: pitch, roll: 0, yaw: 0) }
    return CalibrationTask.Mount(
      kind: "vanishing-point", height: height, point: [vanishingPoint?.x, vanishingPoint?.y ?? horizon])
  }
}

/// "9x6"
struct BoardSize: ExpressibleByArgument {
  let columns: Int
  let rows: Int

  static let squares = 1.0...2000

  init?(argument: String) {
    let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let columns = sides[0], let rows = sides[1], (3...100).contains(columns),
      (3...100).contains(rows)
    else { return nil }
    (self.columns, self.rows) = (columns, rows)
  }
}

/// "640,206.5"
struct PicturePoint: ExpressibleByArgument {
  let x: Double
  let y: Double

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 2, let x = parts[0], let y = parts[1], x.isFinite, y.isFinite else { return nil }
    (self.x, self.y) = (x, y)
  }
}

import RoadBase
import RoadFrame
import RoadMask

/// Label files as class maps of the classes that are scored.
struct LabelReader {
  /// Nil for labels that hold the network's own classes.
  let map: LabelMap?
  /// Of the network.
  let classes: ClassTable
  let maximumPixels: Int

  /// - Parameters:
  ///   - bytes: of a PNG file.
  ///   - path: its name, for messages.
  /// - Throws: a label error: unreadable, a number or a colour that no table knows.
  func classMap(_ bytes: [UInt8], _ path: String) throws(RoadError) -> ClassMap {
    let picture = try PNG.label(bytes, name: path, maximumPixels: maximumPixels)
    let label = ClassMap(size: picture.size)
    switch picture {
    case .numbers(let numbers):
      if let map, map.holdsColoursOnly {
        try fill(label, path) { index in
          let value = numbers.values[index]
          return Colour(value, value, value)
        }
      } else {
        _ = label.bytes.update(fromContentsOf: numbers.values)
        try (map ?? .identity(classes: classes.count)).apply(to: label.bytes, file: path)
      }
    case .colours(_, let samples):
      if let map, !map.holdsColours {
        throw RoadError(
          .label, "\(path): holds colours, \(map.name) numbers",
          remedy: "list colours in the label map ('128,64,128' as the source), or convert the labels")
      }
      try fill(label, path) { Colour(samples[3 * $0], samples[3 * $0 + 1], samples[3 * $0 + 2]) }
    }
    return label
  }

  private func fill(_ label: ClassMap, _ path: String, colour: (Int) -> Colour) throws(RoadError) {
    // Neighbours mostly have one colour.
    var last: (colour: Colour, value: UInt8)?
    for index in label.bytes.indices {
      let wanted = colour(index)
      if last?.colour != wanted { last = (wanted, try value(of: wanted, path)) }
      label.bytes[index] = last?.value ?? ClassMap.void
    }
  }

  private func value(of colour: Colour, _ path: String) throws(RoadError) -> UInt8 {
    if let map {
      if let value = map[colour] { return value }
    } else if let index = classes.classes.firstIndex(where: { $0.colour == colour }) {
      return UInt8(index)
    } else if colour == Colour(0, 0, 0) {
      // What the data sets that label in colours paint where nobody judged.
      return ClassMap.void
    }
    throw RoadError(
      .label,
      "\(path): colour \(colour.red),\(colour.green),\(colour.blue) is not in \(map?.name ?? "the class table")",
      remedy: "give a label map that lists it ('\(colour.red),\(colour.green),\(colour.blue)' as the source)")
  }
}

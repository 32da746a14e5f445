/// Which axes of a value are the rows and columns of the picture, and which holds the classes, whatever rank an
/// exporter gave it: with or without a batch axis, classes before or behind the pixels, rows and columns in one axis.
struct PixelLayout {
  /// A value as N x classes x H x W.
  struct Planes: Equatable {
    /// The shape of four axes that it is given first; nil where it has four.
    var reshaped: [Int]?
    /// How those are turned then; nil where the classes stand second.
    var order: [Int]?
    var shape: [Int]
  }

  /// Height and width of the network's input; nil where they are free.
  private let picture: (height: Int, width: Int)?

  init(_ graph: ModelGraph, _ types: GraphTypes) {
    let input = graph.inputs.first { graph.initializers[$0.name] == nil }
    let sides = input.flatMap { types[$0.name]?.shape.suffix(2) }.map(Array.init) ?? []
    picture = sides.count == 2 && sides.allSatisfy { $0 > 0 } ? (sides[0], sides[1]) : nil
  }

  /// The axis of the classes; nil where there is none, or the shape is no picture's. Of four axes that is the last one
  /// where the two before it have the picture's proportions and the last two have not.
  func classAxis(of shape: [Int]) -> Int? {
    let first = firstAxis(of: shape)
    let rest = Array(shape[first...])
    switch rest.count {
    case 3 where first == 1 && shape.count == 4: return fits(rest[0], rest[1]) && !fits(rest[1], rest[2]) ? 3 : 1
    case 3: return fits(rest[1], rest[2]) ? first : fits(rest[0], rest[1]) ? first + 2 : nil
    case 2 where !fits(rest[0], rest[1]):
      if grid(of: max(rest[0], rest[1])) == nil { return nil }
      return rest[0] < rest[1] ? first : first + 1
    default: return nil
    }
  }

  /// - Parameter axis: that of the classes.
  func planes(of shape: [Int], classAxis axis: Int) -> Planes? {
    if shape.count == 4 {
      let order = axis == 1 ? nil : [0, axis] + (1...3).filter { $0 != axis }
      return Planes(order: order, shape: order?.map { shape[$0] } ?? shape)
    }
    let first = firstAxis(of: shape)
    guard axis == first || axis == shape.count - 1, axis >= first else { return nil }
    let sides = shape[first...].indices.filter { $0 != axis }.map { shape[$0] }
    guard let (height, width) = sides.count == 2 ? (sides[0], sides[1]) : sides.count == 1 ? grid(of: sides[0]) : nil,
      fits(height, width)
    else { return nil }
    let planes = [1, shape[axis], height, width]
    if axis == first { return Planes(reshaped: planes, shape: planes) }
    return Planes(reshaped: [1, height, width, shape[axis]], order: [0, 3, 1, 2], shape: planes)
  }

  /// The shape, N x 1 x H x W, of a value with one number a pixel; nil of others.
  func oneScore(_ shape: [Int]) -> [Int]? {
    if shape.count == 4, shape[0] == 1, shape[1] == 1 { return shape }
    let sides = shape.filter { $0 != 1 }
    if sides.count == 2, fits(sides[0], sides[1]) { return [1, 1] + sides }
    if sides.count == 1, let (height, width) = grid(of: sides[0]) { return [1, 1, height, width] }
    return nil
  }

  /// The first axis that is not the batch's.
  private func firstAxis(of shape: [Int]) -> Int {
    shape.count == 4 || shape.count > 1 && shape[0] == 1 ? 1 : 0
  }

  private func fits(_ height: Int, _ width: Int) -> Bool {
    picture.map { height * $0.width == width * $0.height } ?? false
  }

  /// The rows and columns of so many pixels, at a stride of the picture that divides it.
  private func grid(of pixels: Int) -> (height: Int, width: Int)? {
    guard let picture else { return nil }
    for stride in 1...64 where picture.height % stride == 0 && picture.width % stride == 0 {
      let (height, width) = (picture.height / stride, picture.width / stride)
      if height * width == pixels { return (height, width) }
    }
    return nil
  }
}

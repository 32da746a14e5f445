/// The labels of an equation such as `bcn,bck->bnk`, by what becomes of them.
struct EinsteinSum {
  let inputs: [[Character]]
  let output: [Character]
  /// In both tensors and in the result.
  let batch: [Character]
  /// In one tensor and in the result.
  let left: [Character]
  let right: [Character]
  /// In both tensors alone.
  let summed: [Character]
  private let lengthOf: [Character: Int]

  /// Nil for what is no product of matrices: an ellipsis, a label twice in one tensor or in one tensor alone, an
  /// implied result.
  init?(_ equation: String, left: [Int], right: [Int]) {
    let sides = equation.filter { $0 != " " }.split(separator: ">", omittingEmptySubsequences: false)
    guard sides.count == 2, sides[0].hasSuffix("-") else { return nil }
    inputs = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let output = Array(sides[1])
    self.output = output
    guard inputs.count == 2, inputs[0].count == left.count, inputs[1].count == right.count,
      (inputs + [output]).allSatisfy({ labels in labels.allSatisfy(\.isLetter) && Set(labels).count == labels.count })
    else { return nil }
    let (first, second) = (inputs[0], inputs[1])
    var lengthOf: [Character: Int] = [:]
    for (label, length) in zip(first + second, left + right) {
      guard lengthOf[label, default: length] == length else { return nil }
      lengthOf[label] = length
    }
    self.lengthOf = lengthOf
    batch = output.filter { first.contains($0) && second.contains($0) }
    self.left = output.filter { first.contains($0) && !second.contains($0) }
    self.right = output.filter { !first.contains($0) && second.contains($0) }
    summed = first.filter { second.contains($0) && !output.contains($0) }
    guard batch.count + self.left.count + summed.count == first.count,
      batch.count + self.right.count + summed.count == second.count,
      batch.count + self.left.count + self.right.count == output.count
    else { return nil }
  }

  func lengths(_ labels: [Character]) -> [Int] { labels.compactMap { lengthOf[$0] } }
}

/// What somebody who typed a wrong name may have meant.
enum NearestName {
  /// "did you mean 'rate'?", or all names where none is near.
  static func advice(_ word: String, among names: [String]) -> String {
    let nearest = names.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
    // Half of a short word wrong is another word.
    if let nearest, nearest.distance <= max(1, nearest.name.count / 3) { return "did you mean '\(nearest.name)'?" }
    return "known: \(names.joined(separator: ", "))"
  }

  /// Letters to insert, drop, change or swap with a neighbour (optimal string alignment).
  static func distance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left.lowercased().prefix(64)), Array(right.lowercased()))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

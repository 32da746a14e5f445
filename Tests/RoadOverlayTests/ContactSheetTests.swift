import RoadBase
import RoadFrame
import RoadOverlay
import Testing

@Suite struct ContactSheetTests {
  @Test("pictures stand side by side below their row's caption, and nothing else is painted over")
  func layout() {
    let sheet = ContactSheet(frame: PictureSize(width: 64, height: 48), columns: 2, width: 80)
    #expect(sheet.cell == PictureSize(width: 80, height: 60))
    let pictures = [UInt8(40), 80, 120].map { value in
      let picture = Picture(size: PictureSize(width: 64, height: 48))
      picture.fill(red: value, green: value, blue: value)
      return sheet.small(picture)
    }
    let drawn = sheet.picture([
      ContactSheet.Row(caption: "both", pictures: Array(pictures[..<2])),
      ContactSheet.Row(caption: "one", pictures: [pictures[2]]),
    ])
    #expect(drawn.size == PictureSize(width: 6 + 2 * 86, height: 6 + 2 * (18 + 60 + 6)))
    func red(_ x: Int, _ y: Int) -> UInt8 { drawn.row(y)[4 * x] }
    // First and last pixel of each cell, and what is around them.
    for (column, row, value) in [(0, 0, UInt8(40)), (1, 0, 80), (0, 1, 120)] {
      let (x, y) = (6 + 86 * column, 6 + 84 * row + 18)
      #expect(red(x, y) == value && red(x + 79, y + 59) == value)
      #expect(red(x - 1, y) == 12 && red(x + 80, y + 59) == 12 && red(x, y + 60) == 12)
    }
    // An empty cell stays empty, and the captions are written.
    #expect((0..<60).allSatisfy { red(100, 6 + 84 + 18 + $0) == 12 })
    for row in 0..<2 { #expect((6..<24).contains { y in (6..<60).contains { red($0, y + 84 * row) > 128 } }) }
  }
}

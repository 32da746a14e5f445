extension SyntheticSprites {
  /// A hatchback, 1.8 m wide, seen straight from behind or from the front.
  static func car(_ paint: (Int, Int, Int), isRear: Bool) -> SyntheticSprite {
    var canvas = SyntheticCanvas(width: 192, height: 160)
    func body(_ part: Int) -> SyntheticCanvas.RGB {
      ((paint.0 * part) >> 8, (paint.1 * part) >> 8, (paint.2 * part) >> 8)
    }
    let glass: (Int, Int) -> SyntheticCanvas.RGB = { x, y in
      let shine = max(0, 46 - abs(x - 70 - y / 2)) / 2
      return (
        34 + shine + (60 - min(y, 60)) / 2, 42 + shine + (60 - min(y, 60)) / 2, 52 + shine + (60 - min(y, 60)) / 2
      )
    }
    tyres(&canvas)
    // Cabin: roof, side pillars, window.
    canvas.polygon([(52, 6), (140, 6), (166, 62), (26, 62)]) { x, y in body(y < 12 ? 290 : 236 - abs(x - 96) / 2) }
    canvas.polygon([(56, 13), (136, 13), (156, 58), (36, 58)], colour: glass)
    // Body, rounded at the shoulders, lit from above and darker to the sides and below.
    let shade: (Int, Int) -> SyntheticCanvas.RGB = { x, y in
      body(286 - (y - 56) - abs(x - 96) * abs(x - 96) / 110)
    }
    canvas.ellipse(30, 72, 20, 18, colour: shade)
    canvas.ellipse(162, 72, 20, 18, colour: shade)
    canvas.fill(28..<164, 56..<76, colour: shade)
    canvas.fill(10..<182, 70..<124, colour: shade)
    canvas.ellipse(26, 122, 16, 14, colour: shade)
    canvas.ellipse(166, 122, 16, 14, colour: shade)
    canvas.fill(24..<168, 120..<136, colour: { _, y in (44 - (y - 120), 46 - (y - 120), 50 - (y - 120)) })
    if isRear { rear(&canvas, body: body) } else { front(&canvas, body: body) }
    return canvas.sprite(.vehicles)
  }

  private static func tyres(_ canvas: inout SyntheticCanvas) {
    for x in [22, 140] {
      canvas.fill(
        x..<(x + 30), 112..<158, colour: { px, _ in (20 + (px - x) / 2, 20 + (px - x) / 2, 22 + (px - x) / 2) })
      canvas.ellipse(x + 15, 154, 15, 5) { _, _ in (18, 18, 20) }
    }
  }

  private static func rear(_ canvas: inout SyntheticCanvas, body: (Int) -> SyntheticCanvas.RGB) {
    for x in [14, 150] {
      canvas.fill(x..<(x + 28), 72..<94, colour: { px, py in (176 + (py - 72) * 2, 20 + (px - x), 22) })
      canvas.fill((x + 2)..<(x + 26), 84..<88, colour: { _, _ in (236, 210, 190) })
    }
    canvas.fill(70..<122, 84..<98, colour: { _, _ in (226, 224, 206) })
    canvas.fill(76..<116, 88..<94, colour: { x, _ in x % 7 < 4 ? (36, 36, 40) : (226, 224, 206) })
    canvas.fill(28..<164, 104..<107, colour: { _, _ in body(120) })
    canvas.fill(60..<132, 66..<68, colour: { _, _ in body(150) })
  }

  private static func front(_ canvas: inout SyntheticCanvas, body: (Int) -> SyntheticCanvas.RGB) {
    for x in [14, 146] {
      canvas.ellipse(x + 16, 84, 16, 10) { px, py in
        (226 - abs(py - 84) * 4, 230 - abs(py - 84) * 4, 234 - abs(px - x - 16))
      }
    }
    canvas.fill(54..<138, 80..<96, colour: { x, y in y % 4 < 2 ? (26, 28, 30) : (58, 60, 64) })
    canvas.fill(72..<120, 102..<114, colour: { _, _ in (230, 228, 214) })
    canvas.fill(36..<156, 116..<126, colour: { _, _ in (30, 32, 34) })
    canvas.fill(40..<152, 64..<66, colour: { _, _ in body(170) })
  }
}

import RoadKernelContract

// Tiles: the sums of several pixels in named variables, which the compiler keeps in registers (an array of them it
// spills).

extension PixelSums {
  @inline(__always)
  static func bigTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    if tile == 12 {
      walk.tile12(Self.self, from, to)
    } else if tile == 6 {
      walk.tile6(Self.self, from, to)
    } else {
      walk.tile3(Self.self, from, to)
    }
  }

  @inline(__always)
  static func smallTile(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    if tile == 3 { walk.tile3(Self.self, from, to) } else { walk.tile4(Self.self, from, to) }
  }

  @inline(__always)
  static func onePixel(_ walk: ConvolutionWalk, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer) {
    walk.tile1(Self.self, from, to)
  }
}

extension ConvolutionWalk {
  @inline(__always)
  func tile12<Sums: PixelSums>(
    _: Sums.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let table = panelStart
    let step = sourcePixelStep
    var p0 = Sums(bias: table)
    var p1 = Sums(bias: table)
    var p2 = Sums(bias: table)
    var p3 = Sums(bias: table)
    var p4 = Sums(bias: table)
    var p5 = Sums(bias: table)
    var p6 = Sums(bias: table)
    var p7 = Sums(bias: table)
    var p8 = Sums(bias: table)
    var p9 = Sums(bias: table)
    var p10 = Sums(bias: table)
    var p11 = Sums(bias: table)
    forEachGroup(from, Sums.groupBytes, table + Sums.tableBytes) { bytes, group in
      let weights = Sums.weights(group)
      p0.add(Sums.bytes(bytes), weights)
      p1.add(Sums.bytes(bytes + step), weights)
      p2.add(Sums.bytes(bytes + 2 &* step), weights)
      p3.add(Sums.bytes(bytes + 3 &* step), weights)
      p4.add(Sums.bytes(bytes + 4 &* step), weights)
      p5.add(Sums.bytes(bytes + 5 &* step), weights)
      p6.add(Sums.bytes(bytes + 6 &* step), weights)
      p7.add(Sums.bytes(bytes + 7 &* step), weights)
      p8.add(Sums.bytes(bytes + 8 &* step), weights)
      p9.add(Sums.bytes(bytes + 9 &* step), weights)
      p10.add(Sums.bytes(bytes + 10 &* step), weights)
      p11.add(Sums.bytes(bytes + 11 &* step), weights)
    }
    Sums.store(p0, p1, to, pixelPitch, table, requantizer)
    Sums.store(p2, p3, to + 2 &* pixelPitch, pixelPitch, table, requantizer)
    Sums.store(p4, p5, to + 4 &* pixelPitch, pixelPitch, table, requantizer)
    Sums.store(p6, p7, to + 6 &* pixelPitch, pixelPitch, table, requantizer)
    Sums.store(p8, p9, to + 8 &* pixelPitch, pixelPitch, table, requantizer)
    Sums.store(p10, p11, to + 10 &* pixelPitch, pixelPitch, table, requantizer)
  }

  @inline(__always)
  func tile6<Sums: PixelSums>(
    _: Sums.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let table = panelStart
    let step = sourcePixelStep
    var p0 = Sums(bias: table)
    var p1 = Sums(bias: table)
    var p2 = Sums(bias: table)
    var p3 = Sums(bias: table)
    var p4 = Sums(bias: table)
    var p5 = Sums(bias: table)
    forEachGroup(from, Sums.groupBytes, table + Sums.tableBytes) { bytes, group in
      let weights = Sums.weights(group)
      p0.add(Sums.bytes(bytes), weights)
      p1.add(Sums.bytes(bytes + step), weights)
      p2.add(Sums.bytes(bytes + 2 &* step), weights)
      p3.add(Sums.bytes(bytes + 3 &* step), weights)
      p4.add(Sums.bytes(bytes + 4 &* step), weights)
      p5.add(Sums.bytes(bytes + 5 &* step), weights)
    }
    Sums.store(p0, p1, to, pixelPitch, table, requantizer)
    Sums.store(p2, p3, to + 2 &* pixelPitch, pixelPitch, table, requantizer)
    Sums.store(p4, p5, to + 4 &* pixelPitch, pixelPitch, table, requantizer)
  }

  @inline(__always)
  func tile4<Sums: PixelSums>(
    _: Sums.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let table = panelStart
    let step = sourcePixelStep
    var p0 = Sums(bias: table)
    var p1 = Sums(bias: table)
    var p2 = Sums(bias: table)
    var p3 = Sums(bias: table)
    forEachGroup(from, Sums.groupBytes, table + Sums.tableBytes) { bytes, group in
      let weights = Sums.weights(group)
      p0.add(Sums.bytes(bytes), weights)
      p1.add(Sums.bytes(bytes + step), weights)
      p2.add(Sums.bytes(bytes + 2 &* step), weights)
      p3.add(Sums.bytes(bytes + 3 &* step), weights)
    }
    Sums.store(p0, p1, to, pixelPitch, table, requantizer)
    Sums.store(p2, p3, to + 2 &* pixelPitch, pixelPitch, table, requantizer)
  }

  @inline(__always)
  func tile3<Sums: PixelSums>(
    _: Sums.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let table = panelStart
    let step = sourcePixelStep
    var p0 = Sums(bias: table)
    var p1 = Sums(bias: table)
    var p2 = Sums(bias: table)
    forEachGroup(from, Sums.groupBytes, table + Sums.tableBytes) { bytes, group in
      let weights = Sums.weights(group)
      p0.add(Sums.bytes(bytes), weights)
      p1.add(Sums.bytes(bytes + step), weights)
      p2.add(Sums.bytes(bytes + 2 &* step), weights)
    }
    p0.store(to, table, requantizer)
    p1.store(to + pixelPitch, table, requantizer)
    p2.store(to + 2 &* pixelPitch, table, requantizer)
  }

  @inline(__always)
  func tile1<Sums: PixelSums>(
    _: Sums.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer
  ) {
    let table = panelStart
    var p0 = Sums(bias: table)
    forEachGroup(from, Sums.groupBytes, table + Sums.tableBytes) { bytes, group in
      let weights = Sums.weights(group)
      p0.add(Sums.bytes(bytes), weights)
    }
    p0.store(to, table, requantizer)
  }
}

internal import CVectorUnit

/// Tile products on tiles alone, four independent sums: 16 · 16 · 64 products an instruction.
///
/// - Returns: the multiply-accumulates done.
@inline(never)
public func peakLoopAMX(_ turns: Int) -> Int {
  var shapes = rv_tile_shapes()
  shapes.palette = 1
  (shapes.row_bytes0, shapes.row_bytes1, shapes.row_bytes2, shapes.row_bytes3) = (64, 64, 64, 64)
  (shapes.row_bytes4, shapes.row_bytes5, shapes.row_bytes6, shapes.row_bytes7) = (64, 64, 64, 64)
  (shapes.rows0, shapes.rows1, shapes.rows2, shapes.rows3) = (16, 16, 16, 16)
  (shapes.rows4, shapes.rows5, shapes.rows6, shapes.rows7) = (16, 16, 16, 16)
  rv_tile_configure(&shapes)
  var turn = 0
  while turn < turns {
    rv_tile_dpbusd046()
    rv_tile_dpbusd147()
    rv_tile_dpbusd256()
    rv_tile_dpbusd357()
    turn &+= 1
  }
  rv_tile_release()
  return turns &* 4 &* 16 &* 16 &* 64
}

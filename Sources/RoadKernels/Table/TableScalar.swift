import RoadKernelContract

/// Whether the tables may be applied in affine form: four of these serve one table for all, or the channels of a packed
/// picture.
func hasUsableAffine(_ pointer: UnsafePointer<TableArguments>) -> Bool {
  let arguments = pointer.pointee
  let isPicture = arguments.source.isPacked4 && arguments.destination.isPacked4
  return arguments.affine != nil && (isPicture || !arguments.perChannel)
}

/// The vector kernel of affine tables where they may be applied, else the lookup.
func tableIfAffine(
  _ pointer: UnsafePointer<TableArguments>, _ firstRow: Int, _ endRow: Int,
  _ kernel: (UnsafePointer<TableArguments>, Int, Int) -> Void
) {
  if hasUsableAffine(pointer) {
    kernel(pointer, firstRow, endRow)
  } else {
    tableScalar(pointer, firstRow: firstRow, endRow: endRow)
  }
}

/// The byte table that has no affine form, for every instruction set: a lookup has no vector instruction before AVX-512
/// VBMI, so this is scalar code that keeps the load ports busy.
@Sendable
func tableScalar(_ pointer: UnsafePointer<TableArguments>, firstRow: Int, endRow: Int) {
  let (source, destination) = (pointer.pointee.source, pointer.pointee.destination)
  let tables = pointer.pointee.tables
  let isPicture = destination.isPacked4 && source.isPacked4
  for y in firstRow..<endRow {
    let (from, to) = (source.pixel(y, 0), destination.pixel(y, 0))
    if isPicture {
      // Channels that are not there use the last real one's table; what they hold is meaningless.
      let last = pointer.pointee.perChannel ? (destination.channels - 1) * 256 : 0
      packedRow(from, to, destination.width, tables, (min(256, last), min(512, last), min(768, last)))
    } else {
      blockedRow(from, to, pointer.pointee)
    }
  }
}

/// RGBX: four lookups make one 32-bit store.
@inline(__always)
private func packedRow(
  _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ width: Int, _ tables: UnsafePointer<UInt8>,
  _ offsets: (Int, Int, Int)
) {
  let (second, third, fourth) = (tables + offsets.0, tables + offsets.1, tables + offsets.2)
  let (source, destination) = (UnsafeRawPointer(from), UnsafeMutableRawPointer(to))
  for x in 0..<width {
    let word = source.loadUnaligned(fromByteOffset: x &* 4, as: UInt32.self)
    let result =
      UInt32(tables[Int(word & 0xFF)]) | UInt32(second[Int(word >> 8 & 0xFF)]) << 8
      | UInt32(third[Int(word >> 16 & 0xFF)]) << 16 | UInt32(fourth[Int(word >> 24)]) << 24
    destination.storeBytes(of: result, toByteOffset: x &* 4, as: UInt32.self)
  }
}

@inline(__always)
private func blockedRow(
  _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>, _ arguments: TableArguments
) {
  let step = arguments.perChannel ? 256 : 0
  var (source, destination) = (from, to)
  for _ in 0..<arguments.destination.width {
    var table = arguments.tables
    for channel in 0..<arguments.destination.channels {
      destination[channel] = table[Int(source[channel])]
      table += step
    }
    source += arguments.source.pixelPitch
    destination += arguments.destination.pixelPitch
  }
}

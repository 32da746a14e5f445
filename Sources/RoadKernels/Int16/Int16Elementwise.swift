import Glibc
import RoadKernelContract

/// The definition of the sum of int16.
@inline(__always)
func int16Sum<Left: FixedWidthInteger, Right: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<BinaryArguments<Int16Sum>>, _ firstRow: Int, _ endRow: Int, _: Left.Type, _: Right.Type,
  _: Destination.Type
) {
  let (arguments, rule) = (pointer.pointee, pointer.pointee.rule)
  let rounding = Int64(1) &<< (rule.shift &- 1)
  for y in firstRow..<endRow {
    for x in 0..<arguments.destination.width {
      let left = arguments.left.elements(y, x, Left.self)
      let right = arguments.right.elements(y, x, Right.self)
      let to = arguments.destination.elements(y, x, Destination.self)
      for channel in 0..<arguments.destination.channels {
        let a = Int64(left[arguments.leftIsOneChannel ? 0 : channel]) &- rule.leftZeroPoint
        let b = Int64(right[arguments.rightIsOneChannel ? 0 : channel]) &- rule.rightZeroPoint
        let sum = (a &* rule.leftMultiplier &+ b &* rule.rightMultiplier &+ rounding) &>> rule.shift
        to[channel] = Destination(truncatingIfNeeded: min(max(sum &+ rule.zeroPoint, rule.low), rule.high))
      }
    }
  }
}

/// The definition of the conversion. Never writes beyond the source's channels: the next element may be another
/// source's.
@inline(__always)
func convert<Source: FixedWidthInteger, Destination: FixedWidthInteger>(
  _ pointer: UnsafePointer<ConversionArguments>, _ firstRow: Int, _ endRow: Int, _: Source.Type, _: Destination.Type
) {
  let (arguments, source) = (pointer.pointee, pointer.pointee.source)
  let table = arguments.table?.assumingMemoryBound(to: Destination.self)
  for y in firstRow..<endRow {
    for x in 0..<source.width {
      let from = source.elements(y, x, Source.self)
      let to = arguments.destination.elements(y, x, Destination.self)
      guard let table else {
        memcpy(to, from, source.channels &* MemoryLayout<Source>.size)
        continue
      }
      for channel in 0..<source.channels {
        let entry = Int(truncatingIfNeeded: from[channel]) &- Int(truncatingIfNeeded: Source.min)
        to[channel] = table[channel &* arguments.channelStep &+ entry]
      }
    }
  }
}

/// The definition of the resize of int16: that of the bytes with weights of 20 bits. Every sum stays under 2^56.
@Sendable
func int16Resize(_ pointer: UnsafePointer<ResizeArguments>, _ firstRow: Int, _ endRow: Int) {
  let arguments = pointer.pointee
  let (source, destination) = (arguments.source, arguments.destination)
  let one = Int64(1) &<< Int64(ResizeArguments.int16WeightBits)
  for y in firstRow..<endRow {
    let row = arguments.rows[y]
    let (down, up) = (Int64(row.secondWeight), one &- Int64(row.secondWeight))
    for x in 0..<destination.width {
      let column = arguments.columns[x]
      let (right, left) = (Int64(column.secondWeight), one &- Int64(column.secondWeight))
      let topLeft = source.elements(Int(row.first), Int(column.first), Int16.self)
      let topRight = source.elements(Int(row.first), Int(column.second), Int16.self)
      let bottomLeft = source.elements(Int(row.second), Int(column.first), Int16.self)
      let bottomRight = source.elements(Int(row.second), Int(column.second), Int16.self)
      let to = destination.elements(y, x, Int16.self)
      for channel in 0..<destination.channels {
        let top = Int64(topLeft[channel]) &* left &+ Int64(topRight[channel]) &* right
        let bottom = Int64(bottomLeft[channel]) &* left &+ Int64(bottomRight[channel]) &* right
        to[channel] = Int16(truncatingIfNeeded: (top &* up &+ bottom &* down &+ (1 << 39)) &>> 40)
      }
    }
  }
}

/// The largest integer whose square is not above `number`, digit by digit.
func squareRoot(_ number: UInt64) -> UInt64 {
  var (rest, root): (UInt64, UInt64) = (number, 0)
  var bit: UInt64 = 1 << 62
  while bit > rest { bit >>= 2 }
  while bit != 0 {
    if rest >= root + bit {
      rest -= root + bit
      root = root >> 1 + bit
    } else {
      root >>= 1
    }
    bit >>= 2
  }
  return root
}

extension FixedWidthInteger {
  /// For numbers that others wrote: stays at the bound instead of overflowing. `other` is not negative.
  func addingSaturated(_ other: Self) -> Self {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}

/// The error of a type that `body` throws; nil when it throws none, or another. Testing's own `#expect(throws:)` gives
/// the error from Swift 6.1 on only.
public func thrown<Failure: Error, Value>(_: Failure.Type, _ body: () throws -> Value) -> Failure? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? Failure
  }
}

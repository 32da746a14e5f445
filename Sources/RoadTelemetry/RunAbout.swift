import RoadBase

/// What every JSON object of roadseg says of where it comes from: flat keys beside the object's own. What does not
/// apply is null.
public struct RunAbout: Encodable, Sendable {
  /// Where the frames come from, for people; not a camera where `synthetic` is true.
  @Nullable public var source: String?
  @Nullable public var synthetic: Bool?
  @Nullable public var model: String?
  @Nullable public var modelSha256: String?
  public var version: String
  @Nullable public var instructionSet: String?
  /// Wall clock, UTC.
  public var time: String
  /// Of the clock that frames are stamped with.
  public var monotonicSeconds: Double

  /// Takes the time, too.
  public init(_ identity: RunIdentity, source: String? = nil, isSynthetic: Bool? = nil) {
    self.source = source
    synthetic = isSynthetic
    model = identity.model.isEmpty ? nil : identity.model
    modelSha256 = identity.modelHash
    version = identity.version
    instructionSet = identity.instructionSet.isEmpty ? nil : identity.instructionSet
    time = WallClock.now()
    monotonicSeconds = (Double(MonotonicClock.now()) / 1e9).rounded(toDecimals: 6)
  }
}

/// A JSON object with the keys of ``RunAbout`` in front of its own; its own win.
public struct WithAbout<Body: Encodable>: Encodable {
  let about: RunAbout
  let body: Body

  public init(_ about: RunAbout, _ body: Body) {
    self.about = about
    self.body = body
  }

  public func encode(to encoder: any Encoder) throws {
    try about.encode(to: encoder)
    try body.encode(to: encoder)
  }
}

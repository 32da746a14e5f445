/// What computes the masks of a run: enough to compute them again, bit by bit.
public struct RunIdentity: Hashable, Sendable {
  /// A shipped model's name, or the file's.
  public var model: String
  /// SHA-256 of the model file in hexadecimal digits; nil where nobody computed it.
  public var modelHash: String?
  /// Of roadseg.
  public var version: String
  /// Of the kernels that run.
  public var instructionSet: String

  public init(model: String = "", modelHash: String? = nil, version: String = "", instructionSet: String = "") {
    self.model = model
    self.modelHash = modelHash
    self.version = version
    self.instructionSet = instructionSet
  }
}

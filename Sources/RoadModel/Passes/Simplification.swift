import RoadBase

extension ModelGraph {
  /// The passes that every user of a graph wants, in the order in which they help each other: inputs bound to a size, a
  /// comparison behind single scores taken off, constants folded, pools written as gathers recognised, rarer operators
  /// decomposed, old operator sets upgraded, identities removed, layer norms recognised, batch norms folded.
  ///
  /// - Parameter size: the input's width and height where the model leaves them free; nil keeps the model's own.
  ///
  /// - Parameter endsAtScores: also takes off what follows the class scores, and outputs that no scores come from;
  ///   false keeps every output and its value.
  public func simplified(
    inputSize size: PictureSize? = nil, endsAtScores: Bool = true
  ) throws(RoadError) -> ModelGraph {
    var bound = try bindingInputs(to: size).selectingBranches()
    if endsAtScores { bound = try bound.separatingThreshold().endingAtScores().refusingClassNumbers() }
    let plain = try bound.foldingConstants().removingPictureTurn().recognisingSpatialMatrices()
    let folded = try plain.decomposed().upgraded()
    return try folded.removingIdentities(types: folded.inferTypes()).recognisingLayerNorms().foldingBatchNorms()
  }
}

import RoadBase

/// What may differ between two exact executions of one QDQ graph in integers: which real numbers are rounded, and how.
///
/// There are two. ``roadseg`` is the fast one, for networks that roadseg quantized and checked with it. ``onnxRuntime``
/// follows what ONNX Runtime (1.20 on, default optimizations, CPU) does with a graph, for networks whose authors
/// checked them there. The rounding rules are in `Arithmetic.md`; which contract a network gets is
/// ``EngineOptions/Rounding``.
///
/// The rule sets named below are those of ONNX Runtime's pass `QDQSelectorActionTransformer`.
struct RoundingContract: Equatable, Sendable {
  /// Multipliers of 31 bits, and biases of floats keep their rest, instead of 15 bits: the real product rounded to
  /// nearest. `ConvQDQRules` and `GemmQDQRules` make a QLinearConv and a QGemm, which multiply by a float.
  var hasFineMultipliers: Bool
  /// Bits of the larger multiplier of a sum. `BinaryOpQDQRules` make a QLinearAdd, which adds floats and rounds once.
  var sumBits: Int
  /// Means round halves to an even number of steps. `UnaryOpQDQRules` make a QLinearAveragePool and a
  /// QLinearGlobalAveragePool.
  var tiesToEven: Bool
  /// Functions of two tensors that are no sum of one shape are tables of the real function, not products in integers:
  /// `BinaryOpQDQRules` make a QLinearMul of Mul, and no rule takes the others from between their floats.
  var tabulatesBinary: Bool
  /// Float weights and biases of a Conv, ConvTranspose or Gemm between a DequantizeLinear with one scale and a
  /// QuantizeLinear become int8 and int32: the pass `WeightBiasQuantization`, which looks past what the pass
  /// `QDQPropagation` moves. `Lowering+FloatConstants.swift` follows both.
  var quantizesFloatConstants: Bool
  /// Float weights that stay so have 14 bits, on the kernels for 16: without int8 weights no rule makes a QLinearConv.
  var refinesFloatWeights: Bool
  /// Bilinear resizes in binary32, so that halves fall as its rounding lets them. `DropQDQNodesRules` keep the bytes of
  /// a Resize between equal scales; its weights stay floats.
  var resizesInBinary32: Bool
  /// Concatenations and sums that no QuantizeLinear follows are not rounded: no rule quantizes what the graph does not.
  var keepsUnroundedSums: Bool
  /// Scores that the graph itself upsamples and quantizes again are rounded to bytes before the classes are compared.
  var roundsUpsampledScores: Bool

  static let roadseg = RoundingContract(
    hasFineMultipliers: false, sumBits: 14, tiesToEven: false, tabulatesBinary: false, quantizesFloatConstants: false,
    refinesFloatWeights: false, resizesInBinary32: false, keepsUnroundedSums: false, roundsUpsampledScores: false)

  static let onnxRuntime = RoundingContract(
    hasFineMultipliers: true, sumBits: 21, tiesToEven: true, tabulatesBinary: true, quantizesFloatConstants: true,
    refinesFloatWeights: true, resizesInBinary32: true, keepsUnroundedSums: true, roundsUpsampledScores: true)
}

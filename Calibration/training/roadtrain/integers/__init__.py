"""The runtime's integer arithmetic in PyTorch, exact to the byte, with gradients that pass straight through the
rounding.

The definitions are `Sources/RoadBase/Requantization.swift` and `Sources/RoadSeg/RoadSeg.docc/Arithmetic.md`; both
sides are tested against the same files of numbers.
"""

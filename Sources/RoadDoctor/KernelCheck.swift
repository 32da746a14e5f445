import RoadKernels

/// Every instruction set of this machine against the reference.
public enum KernelCheck {
  public static func findings(
    _ results: [(instructionSet: InstructionSet, mismatches: [String])] = KernelSelfTest.ofThisMachine()
  ) -> [Finding] {
    guard !results.isEmpty else {
      return [
        Finding(
          "kernels", .warning, "this processor has no vector unit that roadseg knows: the plain reference runs, slowly")
      ]
    }
    return results.map { result in
      let name = result.instructionSet.rawValue
      guard !result.mismatches.isEmpty else {
        return Finding("kernels", .ok, "\(name): the same bytes as the reference")
      }
      return Finding(
        "kernels", .problem, "\(name): WRONG BYTES of \(result.mismatches.joined(separator: ", "))",
        remedy: "set ROADSEG_INSTRUCTION_SET=reference and report it with the processor's model and microcode")
    }
  }
}

// swift-tools-version: 6.0
import PackageDescription

// The manifest of the kernels and their tests alone, for Tests/check-arm.

let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

func instructionSet(_ name: String, _ march: String) -> Target {
  .target(
    name: name, dependencies: ["RoadKernelContract", "CThreadMemory", "CVectorUnit"],
    swiftSettings: strict + [.unsafeFlags(["-Xcc", "-march=" + march])])
}

let instructionSets = [
  instructionSet("zKernelsNEON", "armv8-a"),
  instructionSet("zKernelsNEONDot", "armv8.2-a+dotprod"),
  instructionSet("zKernelsNEONI8MM", "armv8.2-a+dotprod+i8mm"),
]

let package = Package(
  name: "kernels",
  targets: [
    .systemLibrary(name: "CVectorUnit"),
    .target(name: "CVersion"),
    .target(name: "CThreadMemory"),
    .target(name: "RoadBase", dependencies: ["CVersion"], swiftSettings: strict),
    .target(name: "RoadKernelContract", dependencies: ["RoadBase"], swiftSettings: strict),
    .target(
      name: "RoadKernels",
      dependencies: ["RoadKernelContract", "CThreadMemory", "CVectorUnit"]
        + instructionSets.map { .byName(name: $0.name) },
      swiftSettings: strict),
    .target(name: "RoadTestSupport", path: "Tests/RoadTestSupport", swiftSettings: strict),
    .testTarget(
      name: "RoadKernelsTests", dependencies: ["RoadKernels", "RoadKernelContract", "RoadTestSupport"],
      swiftSettings: strict),
  ] + instructionSets,
  swiftLanguageModes: [.v6]
)

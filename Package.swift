// swift-tools-version: 6.0
import PackageDescription

// One target a step of the data flow; the table in Sources/RoadSeg/RoadSeg.docc/Architecture.md says what each may
// import.

let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

/// An instruction-set target: its kernels are compiled for a wider vector unit than the rest of the package and are
/// only entered after the processor said that it has one. Names start with `z` so that the linker meets these objects
/// last: a weak symbol of the standard library must never resolve to a copy compiled for an instruction set that may be
/// absent.
func instructionSet(_ name: String, _ flags: [String]) -> Target {
  .target(
    name: name, dependencies: ["RoadKernelContract", "CThreadMemory", "CVectorUnit"],
    swiftSettings: strict + [.unsafeFlags(flags.flatMap { ["-Xcc", $0] })])
}

/// What is built for. The manifest runs on the building machine, so a cross build has to say.
#if arch(arm64)
  let buildingArchitecture = "aarch64"
#elseif arch(x86_64)
  let buildingArchitecture = "x86_64"
#else
  let buildingArchitecture = "other"
#endif
let architecture = Context.environment["ROADSEG_ARCH"] ?? buildingArchitecture

let avx512vnni = [
  "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mprefer-vector-width=512",
]

/// Each architecture's own: another does not know the flags. Elsewhere the reference runs.
let instructionSets: [Target] =
  switch architecture {
  case "x86_64":
    [
      instructionSet("zKernelsAMX", avx512vnni + ["-mamx-tile", "-mamx-int8"]),
      instructionSet("zKernelsAVX2", ["-mavx2"]),
      instructionSet("zKernelsAVX512VNNI", avx512vnni),
      instructionSet("zKernelsAVXVNNI", ["-mavx2", "-mavxvnni"]),
    ]
  case "aarch64", "arm64":
    [
      instructionSet("zKernelsNEON", ["-march=armv8-a"]),
      instructionSet("zKernelsNEONDot", ["-march=armv8.2-a+dotprod"]),
      instructionSet("zKernelsNEONI8MM", ["-march=armv8.2-a+dotprod+i8mm"]),
    ]
  default: []
  }

/// The instruction sets' kernels as dependencies.
let kernels: [Target.Dependency] = instructionSets.map { .byName(name: $0.name) }

/// The commit in `roadseg --version`: whoever builds says it in the environment.
var commit: [CSetting] = []
if let name = Context.environment["ROADSEG_COMMIT"] { commit.append(.define("ROADSEG_COMMIT", to: "\"\(name)\"")) }

/// What the program to install is linked with in front of the libraries: Packaging/stand-ins.
var standIns: [LinkerSetting] = []
if let object = Context.environment["ROADSEG_STAND_INS"] { standIns.append(.unsafeFlags([object])) }

// Targets in parts, each with its type: as one expression they are too complex for the type checkers before Swift 6.3.

let shims: [Target] = [
  // C shims: header only, no logic.
  .systemLibrary(
    name: "CVideoDevice", pkgConfig: "libv4l2", providers: [.apt(["libv4l-dev"])]),
  .systemLibrary(
    name: "CJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
  .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
  .systemLibrary(name: "CVectorUnit"),
  // The layout of masks for other programs, which include the same header.
  .systemLibrary(name: "CMaskSharing"),
  .target(name: "CVersion", cSettings: commit),
  .target(name: "CThreadMemory"),
  .systemLibrary(name: "CPerformanceCounters"),
  .systemLibrary(name: "CFileSystem"),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
]

let modelSteps: [Target] = [
  // Offline: ONNX → graph → int8 ONNX. Online: plan → run.
  .target(name: "RoadBase", dependencies: ["CVersion"], swiftSettings: strict),
  .target(
    name: "RoadTelemetry",
    dependencies: ["RoadBase", .product(name: "Histogram", package: "hdrhistogram-swift")],
    swiftSettings: strict),
  .target(
    name: "RoadProfiles", dependencies: ["RoadBase", .product(name: "Yams", package: "Yams")], swiftSettings: strict),
  .target(
    name: "RoadService",
    dependencies: ["RoadBase", "RoadTelemetry"],
    swiftSettings: strict),
  .target(name: "RoadKernelContract", dependencies: ["RoadBase"], swiftSettings: strict),
  .target(
    name: "RoadKernels",
    dependencies: ["RoadKernelContract", "CThreadMemory", "CVectorUnit"] + kernels,
    swiftSettings: strict),
  .target(name: "RoadModel", dependencies: ["RoadBase", "RoadKernelContract", "RoadKernels"], swiftSettings: strict),
  .target(name: "RoadFloat", dependencies: ["RoadBase", "RoadModel"], swiftSettings: strict),
  .target(
    name: "RoadEngine", dependencies: ["RoadKernels", "RoadModel", "RoadTelemetry"],
    swiftSettings: strict),
  .target(
    name: "RoadQuantizer",
    dependencies: ["RoadEngine", "RoadKernelContract", "RoadMask", "RoadModel", "RoadFloat"],
    swiftSettings: strict),
]

let frameSteps: [Target] = [
  // Frames in, masks out.
  .target(
    name: "RoadFrame", dependencies: ["RoadBase", "RoadKernels", "CJPEG", "CPNG"], swiftSettings: strict),
  .target(
    name: "RoadCamera", dependencies: ["RoadFrame", "RoadMetres", "RoadRecorder", "CVideoDevice"],
    swiftSettings: strict),
  .target(name: "RoadMask", dependencies: ["RoadBase", "RoadKernels"], swiftSettings: strict),
  .target(name: "RoadCRF", dependencies: ["RoadBase", "RoadFrame"], swiftSettings: strict),
  .target(
    name: "RoadMetres",
    dependencies: ["RoadBase", "RoadFrame", "RoadMask", "RoadTelemetry", .product(name: "Yams", package: "Yams")],
    swiftSettings: strict),
  .target(
    name: "RoadRecorder",
    dependencies: [
      "RoadBase", "RoadFrame", "RoadMask", "RoadMetres", "RoadSink", "RoadTelemetry", "CFileSystem", "CZlib", "CZstd",
    ],
    swiftSettings: strict),
  .target(
    name: "RoadOverlay", dependencies: ["RoadFrame", "RoadKernels", "RoadMask", "RoadMetres"], swiftSettings: strict),
  .target(
    name: "RoadSink", dependencies: ["RoadBase", "RoadFrame", "RoadMask", "RoadMetres", "RoadTelemetry"],
    swiftSettings: strict),
  .target(
    name: "RoadOutput",
    dependencies: ["RoadBase", "RoadFrame", "RoadMask", "RoadSink", "CMaskSharing", "CVideoDevice"],
    swiftSettings: strict),
  .target(
    name: "RoadPipeline",
    dependencies: [
      "RoadCamera", "RoadFrame", "RoadMask", "RoadMetres", "RoadOverlay", "RoadSink", "RoadTelemetry",
    ],
    swiftSettings: strict),
  .target(
    name: "RoadSegmentation",
    dependencies: ["RoadEngine", "RoadFrame", "RoadMask", "RoadModel", "RoadPipeline"], swiftSettings: strict),
  .target(
    name: "RoadEvaluation",
    dependencies: ["RoadCRF", "RoadFloat", "RoadFrame", "RoadMask", "RoadModel", "RoadPipeline", "RoadSegmentation"],
    swiftSettings: strict),
  .target(
    name: "RoadLiveView",
    dependencies: [
      "RoadBase", "RoadFrame", "RoadMask", "RoadMetres", "RoadSink", "RoadTelemetry",
      .product(name: "FlyingFox", package: "FlyingFox"),
    ],
    resources: [.embedInCode("Page/page.html")], swiftSettings: strict),
  .target(
    name: "RoadProfiler",
    dependencies: [
      "CPerformanceCounters", "RoadKernels", "RoadEngine", "RoadFrame", "RoadMask", "RoadOverlay", "RoadPipeline",
      "RoadSegmentation", "RoadTelemetry",
    ],
    swiftSettings: strict),
  .target(
    name: "RoadDoctor", dependencies: ["RoadBase", "RoadTelemetry", "RoadKernels", "RoadFrame", "RoadCamera"],
    swiftSettings: strict),
  .target(
    name: "RoadSeg", dependencies: ["RoadPipeline", "RoadSegmentation"],
    resources: [.copy("Models")], swiftSettings: strict),
  .target(name: "CRoadseg"),
  .target(
    name: "RoadCLibrary",
    dependencies: [
      "CRoadseg", "RoadCamera", "RoadFrame", "RoadMask", "RoadModel", "RoadPipeline", "RoadSeg", "RoadSegmentation",
    ],
    swiftSettings: strict),
  .executableTarget(
    name: "roadseg",
    dependencies: [
      "RoadSeg", "RoadQuantizer", "RoadEvaluation", "RoadLiveView", "RoadMetres", "RoadOutput", "RoadDoctor",
      "RoadProfiles",
      "RoadService", "RoadProfiler",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "Sources/roadseg-cli", resources: [.embedInCode("Calibration/calibrate_camera.py")], swiftSettings: strict,
    linkerSettings: standIns),
]

let modelTests: [Target] = [
  // Tests mirror Sources.
  .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
  .target(name: "RoadTestSupport", path: "Tests/RoadTestSupport", swiftSettings: strict),
  .testTarget(
    name: "RoadBaseTests", dependencies: ["RoadBase"], exclude: ["Goldens"], swiftSettings: strict),
  .testTarget(name: "RoadTelemetryTests", dependencies: ["RoadTelemetry"], swiftSettings: strict),
  .testTarget(
    name: "RoadProfilesTests", dependencies: ["RoadProfiles", "RoadTestSupport"], swiftSettings: strict),
  .testTarget(
    name: "RoadServiceTests",
    dependencies: ["RoadService", "RoadTelemetry"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadKernelsTests", dependencies: ["RoadKernels", "RoadKernelContract", "RoadTestSupport"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadModelTests", dependencies: ["RoadModel", "RoadTestSupport"],
    exclude: ["Goldens", "make_functions.py", "make_goldens.py"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadFloatTests", dependencies: ["RoadFloat", "RoadModel", "RoadTestSupport"],
    exclude: ["Goldens", "make_adaptive_pools.py", "make_goldens.py"], swiftSettings: strict),
  .testTarget(
    name: "RoadEngineTests",
    dependencies: ["RoadEngine", "RoadModel", "RoadKernels", "CAllocationCounter", "RoadTestSupport"],
    exclude: ["Goldens"], swiftSettings: strict),
  .testTarget(
    name: "RoadQuantizerTests",
    dependencies: ["RoadQuantizer", "RoadModel", "RoadEngine", "RoadFloat", "RoadTestSupport"],
    exclude: ["Goldens", "make_goldens.py"], swiftSettings: strict),
]

let frameTests: [Target] = [
  .testTarget(
    name: "RoadFrameTests", dependencies: ["RoadFrame", "RoadTestSupport"],
    exclude: ["Goldens", "make_goldens.py", "make_picture_goldens.py"],
    swiftSettings: strict),
  .executableTarget(
    name: "network-probe",
    dependencies: ["RoadSeg", "RoadKernelContract", "RoadEngine", "RoadCamera", "RoadFrame", "RoadMask"],
    path: "Tests/NetworkProbe", swiftSettings: strict),
  .executableTarget(
    name: "camera-probe", dependencies: ["RoadCamera", "RoadFrame"], path: "Tests/CameraProbe",
    swiftSettings: strict),
  .testTarget(
    name: "RoadCameraTests",
    dependencies: [
      "RoadCamera", "RoadFrame", "RoadRecorder", "camera-probe", "CAllocationCounter", "RoadTestSupport",
    ],
    exclude: ["Goldens", "make_goldens.sh"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadMaskTests", dependencies: ["RoadMask", "RoadKernels", "CAllocationCounter", "RoadTestSupport"],
    exclude: ["Goldens"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadCRFTests", dependencies: ["RoadCRF", "RoadBase", "RoadFrame", "RoadTestSupport"],
    exclude: ["Goldens", "make_goldens.py"], swiftSettings: strict),
  .testTarget(
    name: "RoadMetresTests",
    dependencies: [
      "RoadMetres", "RoadBase", "RoadCamera", "RoadFrame", "RoadMask", "CAllocationCounter", "RoadTestSupport",
    ],
    exclude: ["Goldens", "make_goldens.py"], swiftSettings: strict),
  .testTarget(
    name: "RoadRecorderTests",
    dependencies: [
      "RoadRecorder", "RoadFrame", "RoadMask", "RoadSink", "RoadTelemetry", "CAllocationCounter", "RoadTestSupport",
    ],
    exclude: ["read_recording.py", "read_ros2.py", "write_foreign.py"], swiftSettings: strict),
  .testTarget(
    name: "RoadOverlayTests", dependencies: ["RoadOverlay", "RoadFrame", "RoadMask", "CAllocationCounter"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadSinkTests",
    dependencies: ["RoadSink", "RoadFrame", "RoadMask", "RoadTelemetry", "RoadBase", "CAllocationCounter"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadOutputTests",
    dependencies: ["RoadOutput", "RoadBase", "RoadFrame", "RoadMask", "RoadSink", "RoadTelemetry", "RoadTestSupport"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadPipelineTests",
    dependencies: [
      "RoadPipeline", "RoadCamera", "RoadFrame", "RoadMask", "RoadSink", "RoadTelemetry", "RoadBase",
      "CAllocationCounter", "RoadTestSupport",
    ], swiftSettings: strict),
  .testTarget(
    name: "RoadLiveViewTests",
    dependencies: [
      "roadseg", "RoadLiveView", "RoadBase", "RoadFrame", "RoadMask", "RoadMetres", "RoadSink", "RoadTelemetry",
      "RoadTestSupport",
    ],
    exclude: ["browser.py"], swiftSettings: strict),
  .testTarget(
    name: "RoadProfilerTests",
    dependencies: ["RoadProfiler", "RoadKernels", "RoadEngine", "RoadFrame", "RoadBase", "RoadTestSupport"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadEvaluationTests",
    dependencies: ["RoadEvaluation", "RoadFrame", "RoadMask", "RoadSegmentation", "RoadTestSupport"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadDoctorTests", dependencies: ["RoadDoctor", "RoadBase", "RoadCamera", "RoadFrame", "RoadKernels"],
    swiftSettings: strict),
  .testTarget(
    name: "RoadSegTests",
    dependencies: [
      "RoadSeg", "RoadBase", "RoadCamera", "RoadFrame", "RoadMask", "RoadModel", "RoadPipeline", "RoadSegmentation",
    ], swiftSettings: strict),
]

let wholeTests: [Target] = [
  // Cross-cutting, named for what they protect.
  .testTarget(name: "ArchitectureTests", swiftSettings: strict),
  .testTarget(
    name: "ConformanceZooTests",
    dependencies: [
      "RoadEngine", "RoadEvaluation", "RoadFloat", "RoadFrame", "RoadKernelContract", "RoadMask", "RoadModel",
      "RoadQuantizer", "RoadSegmentation",
    ],
    path: "Tests/Zoo",
    exclude: [
      "ClassMaps", "Exports", "Networks", "Pictures", "Quantized", "README.md", "conformance.py", "make_exports.py",
      "make_quantized.py", "make_zoo.py", "node-refusals.txt", "node_tests.py", "recipe", "RandomGraphs",
    ], swiftSettings: strict),
  .testTarget(
    name: "GoldenClipTests", dependencies: ["RoadSeg", "RoadKernels"], exclude: ["masks.txt", "networks.txt"],
    swiftSettings: strict),
  .testTarget(
    name: "CommandLineTests",
    dependencies: ["roadseg", "RoadBase", "RoadFrame", "RoadModel", "RoadProfiles", "RoadTestSupport"],
    exclude: ["Snapshots"],
    swiftSettings: strict),
]

/// All tests, or those that the environment names: a cross build takes the few that its emulator is to run.
let wantedTests: [String]? = Context.environment["ROADSEG_TESTS"]?.split(separator: " ").map(String.init)
let tests: [Target] = (modelTests + frameTests + wholeTests).filter { target in
  !target.isTest || wantedTests?.contains(target.name) ?? true
}

let package = Package(
  name: "roadseg",
  products: [
    .executable(name: "roadseg", targets: ["roadseg"]),
    .library(name: "RoadSeg", targets: ["RoadSeg"]),
    // What `make library` links into libroadseg.so.
    .library(name: "RoadCLibrary", type: .static, targets: ["RoadCLibrary"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", "0.22.0"..<"1.0.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.1.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: shims + modelSteps + frameSteps + tests + instructionSets,
  swiftLanguageModes: [.v6]
)

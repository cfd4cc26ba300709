// swift-tools-version:6.2
import PackageDescription

/// Every Swift target of ours: Swift 6 language mode, strict memory safety as an error.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "edgepipe",
  products: [
    .executable(name: "edgepipe", targets: ["edgepipe"]),
    .executable(name: "edgepiped", targets: ["edgepiped"]),
    .library(name: "EdgepipeCommand", targets: ["EdgepipeCommand"]),
    .library(name: "EdgepipeCore", targets: ["EdgepipeCore"]),
    .library(name: "EdgepipeMachine", targets: ["EdgepipeMachine"]),
    .library(name: "Pipeline", targets: ["Pipeline"]),
    .library(name: "PipelineTesting", targets: ["PipelineTesting"]),
    .library(name: "Detectors", targets: ["Detectors"]),
    .library(name: "Stages", targets: ["Stages"]),
  ],
  traits: [
    .default(enabledTraits: ["WebServer", "Senders", "Remote"]),
    .trait(name: "WebServer", description: "The web server of --metrics: Hummingbird and SwiftNIO."),
    .trait(name: "Senders", description: "Sinks that send results and keep them: GRDB (SQLite) and AsyncHTTPClient."),
    .trait(name: "Remote", description: "Models on servers of the open inference protocol: AsyncHTTPClient and gRPC."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    // What Hummingbird is made of, where its own interface does not reach: the event loop and limits on connections.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.36.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CFFmpegLibraries", pkgConfig: "libavformat libavcodec libavfilter libavdevice libswscale libavutil"),
    .target(name: "CFFmpeg", dependencies: ["CFFmpegLibraries"]),
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    // The header that plugins are written against.
    .systemLibrary(name: "CEdgepipePlugin", path: "include"),
    .target(name: "COnnxRuntime"),
    .target(name: "CMosquitto"),
    .target(name: "CRdkafka"),
    .target(name: "CPlatform"),
    .target(name: "CKernels"),
    .target(
      name: "EdgepipeCore",
      dependencies: ["CKernels", "CLibcrypto", "CPlatform", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
    .target(name: "EdgepipeMachine", dependencies: ["CPlatform", "EdgepipeCore"], swiftSettings: strict),
    .target(
      name: "EdgepipeONNX",
      dependencies: ["EdgepipeCore", .product(name: "SwiftProtobuf", package: "swift-protobuf")], swiftSettings: strict),
    .target(
      name: "Pipeline",
      dependencies: [
        "CPlatform", "EdgepipeCore", "EdgepipeMachine",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "Detectors", dependencies: ["CKernels", "EdgepipeCore", "EdgepipeONNX", "COnnxRuntime"],
      swiftSettings: strict),
    .target(
      name: "EdgepipeCompression",
      dependencies: ["CZlib", "EdgepipeCore", "EdgepipeMachine", "EdgepipeONNX", "Detectors"],
      // What a server runs to unpack features.
      resources: [.embedInCode("Serving")],
      swiftSettings: strict),
    .target(
      name: "Stages",
      dependencies: [
        "CKernels", "EdgepipeCore", "EdgepipeMachine", "EdgepipeONNX", "Pipeline", "Detectors", "CFFmpeg",
      ],
      swiftSettings: strict),
    .target(
      name: "EdgepipeOutputs",
      dependencies: [
        "CLibcrypto", "CMosquitto", "CRdkafka", "EdgepipeCore", "EdgepipeMachine", "Pipeline", "Stages",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    // The child of a plugin has this and the base, without FFmpeg, detectors and stages.
    .target(
      name: "EdgepipePluginHost", dependencies: ["CEdgepipePlugin", "CPlatform", "EdgepipeCore"], swiftSettings: strict),
    .target(
      name: "EdgepipePlugins",
      dependencies: [
        "CEdgepipePlugin", "CFFmpeg", "CPlatform", "EdgepipeCore", "EdgepipePluginHost", "Pipeline", "Stages",
      ],
      // What `edgepipe plugins new` starts from, and the Python module.
      resources: [.embedInCode("Templates")],
      swiftSettings: strict),
    .target(
      name: "EdgepipeRemote",
      dependencies: [
        "CZlib", "EdgepipeCore", "EdgepipeMachine", "Pipeline", "Detectors", "Stages",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: strict),
    .target(
      name: "Monitoring",
      dependencies: [
        "EdgepipeCore", "EdgepipeMachine", "Pipeline",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    .target(
      name: "Measure",
      dependencies: [
        "EdgepipeCore", "EdgepipeMachine", "EdgepipeONNX", "Pipeline", "Detectors", "EdgepipeCompression", "Stages",
      ],
      swiftSettings: strict),
    .target(
      name: "EdgepipeService",
      dependencies: [
        "CLibcrypto", "EdgepipeCore", "Pipeline",
        .target(name: "Monitoring", condition: .when(traits: ["WebServer"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["WebServer"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["WebServer"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["WebServer"])),
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["WebServer"])),
      ],
      // The live page: plain HTML, CSS and JavaScript, which browsers get as they are.
      resources: [.embedInCode("Page")],
      swiftSettings: strict),
    .target(
      name: "EdgepipeCommand",
      dependencies: [
        "EdgepipeCore", "EdgepipeMachine", "EdgepipeONNX", "Pipeline", "Detectors", "EdgepipeCompression", "Stages",
        "Measure", "EdgepipePlugins", "EdgepipeService",
        .target(name: "Monitoring", condition: .when(traits: ["WebServer"])),
        .target(name: "EdgepipeOutputs", condition: .when(traits: ["Senders"])),
        .target(name: "EdgepipeRemote", condition: .when(traits: ["Remote"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      // The ready pipelines, which `edgepipe new` starts from.
      resources: [.embedInCode("Templates")],
      swiftSettings: strict),
    .executableTarget(name: "edgepipe", dependencies: ["EdgepipeCommand"], swiftSettings: strict),
    // The supervisor, and the process that holds a plugin, without FFmpeg, detectors and stages.
    .executableTarget(
      name: "edgepiped", dependencies: ["EdgepipePluginHost", "EdgepipeService"], swiftSettings: strict),
    .target(
      name: "PipelineTesting",
      dependencies: ["EdgepipeCore", "Pipeline", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
    .target(
      name: "PipelineTestSupport", dependencies: ["EdgepipeCore", "EdgepipeMachine", "Pipeline", "PipelineTesting"],
      path: "Tests/PipelineTestSupport", exclude: ["inference_servers.py", "webhook_receiver.py"], swiftSettings: strict
    ),
    .target(
      name: "ModelTestSupport", dependencies: ["EdgepipeONNX", "PipelineTestSupport"], path: "Tests/ModelTestSupport",
      exclude: ["Golden"],
      swiftSettings: strict),
    .testTarget(
      name: "EdgepipeCoreTests", dependencies: ["EdgepipeCore", "PipelineTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "EdgepipeMachineTests", dependencies: ["EdgepipeMachine", "PipelineTestSupport"], swiftSettings: strict),
    .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "PipelineTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "DetectorsTests", dependencies: ["Detectors", "ModelTestSupport", "PipelineTestSupport"],
      exclude: ["Golden"],
      swiftSettings: strict),
    .testTarget(
      name: "EdgepipeONNXTests", dependencies: ["EdgepipeONNX", "ModelTestSupport", "PipelineTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "EdgepipeCompressionTests",
      dependencies: ["EdgepipeCompression", "ModelTestSupport", "PipelineTestSupport"], exclude: ["Golden"],
      swiftSettings: strict),
    .testTarget(
      name: "StagesTests", dependencies: ["Stages", "PipelineTestSupport"],
      exclude: ["Golden", "Support/faulty_camera.py", "Support/http_camera.py"],
      swiftSettings: strict),
    .testTarget(
      name: "MeasureTests", dependencies: ["Measure", "PipelineTestSupport"], exclude: ["Golden"],
      swiftSettings: strict),
    .testTarget(
      name: "MonitoringTests",
      dependencies: [
        "Monitoring", "PipelineTestSupport",
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EdgepipeOutputsTests",
      dependencies: ["EdgepipeOutputs", "PipelineTestSupport", .product(name: "GRDB", package: "GRDB.swift")],
      exclude: ["Support/mock_kafka.py"], swiftSettings: strict),
    .testTarget(
      name: "EdgepipeRemoteTests",
      dependencies: ["EdgepipeRemote", "ModelTestSupport", "PipelineTestSupport"], exclude: ["Support/bad_server.py"],
      swiftSettings: strict),
    .testTarget(
      name: "EdgepipePluginsTests",
      dependencies: [
        "EdgepipePluginHost", "EdgepipePlugins", "Pipeline", "PipelineTestSupport", "PipelineTesting", "Stages",
      ],
      exclude: ["Plugins"], swiftSettings: strict),
    .testTarget(
      name: "EdgepipeServiceTests", dependencies: ["EdgepipeService", "PipelineTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "EdgepipeCommandTests", dependencies: ["EdgepipeCommand", "PipelineTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["edgepipe", "edgepiped", "EdgepipeCore", "Pipeline", "PipelineTestSupport"],
      exclude: [
        "Golden", "Support/brokers.py", "Support/dark_models.py", "Support/http_folder.py", "Support/page.py",
        "Support/rtsp_receiver.py",
      ],
      swiftSettings: strict),
  ]
)

// scripts/test builds and tests the example beside everything else; it sees what another package sees.
if Context.environment["EDGEPIPE_EXAMPLES"] != nil {
  let folder = "Examples/brightness"
  package.targets += [
    .target(
      name: "BrightnessAlarm", dependencies: ["EdgepipeCore", "Pipeline"], path: "\(folder)/Sources/BrightnessAlarm",
      packageAccess: false),
    .executableTarget(
      name: "watch", dependencies: ["BrightnessAlarm", "EdgepipeCommand", "Pipeline", "Stages"],
      path: "\(folder)/Sources/watch",
      packageAccess: false),
    .testTarget(
      name: "BrightnessAlarmTests",
      dependencies: ["BrightnessAlarm", "EdgepipeCore", "Pipeline", "PipelineTesting", "Stages", "watch"],
      path: "\(folder)/Tests/BrightnessAlarmTests", packageAccess: false),
  ]
}

// scripts/fuzz links these with libFuzzer.
if Context.environment["EDGEPIPE_FUZZ"] != nil {
  let fuzzed: Set = [
    "CPlatform", "COnnxRuntime", "CLibcrypto", "CZlib", "EdgepipeCore", "EdgepipeMachine", "EdgepipeONNX", "Detectors",
    "EdgepipeCompression",
  ]
  package.targets.removeAll { !fuzzed.contains($0.name) }
  package.products.removeAll { !fuzzed.contains($0.name) }
  package.targets.append(.target(name: "CFuzzer", path: "Fuzz/CFuzzer"))
  package.targets.append(
    .target(
      name: "StillPictures", path: "Sources/Stages/Media/Still",
      sources: [
        "BMPFile.swift", "BoxFile.swift", "GIFFile.swift", "JPEG2000File.swift", "JPEGEntropy.swift", "JPEGFile.swift",
        "JPEGScans.swift", "PCXFile.swift", "PNGFile.swift", "PictureBytes.swift", "PictureKind.swift", "QOIFile.swift",
        "StillFacts.swift", "TIFFFile.swift", "TIFFHeader.swift", "WebPFile.swift",
      ], swiftSettings: strict))
  package.targets.append(
    .executableTarget(
      name: "FuzzPicture", dependencies: ["CFuzzer", "StillPictures"], path: "Fuzz/Picture", swiftSettings: strict))
  package.targets.append(
    .target(
      name: "COCOFiles", dependencies: ["Detectors", "EdgepipeCore"], path: "Sources/Measure/Evaluate",
      sources: [
        "COCOBox.swift", "COCOClassMap.swift", "COCODataset+File.swift", "COCODataset.swift", "COCOEvaluation.swift",
        "COCOFigures.swift", "COCOMatches.swift", "COCOPredictions.swift", "JSONReader.swift", "PictureMatcher.swift",
      ], swiftSettings: strict))
  package.targets.append(
    .executableTarget(
      name: "FuzzCOCO", dependencies: ["CFuzzer", "COCOFiles", "EdgepipeCore"], path: "Fuzz/COCO", swiftSettings: strict
    ))
  package.targets.append(
    .executableTarget(
      name: "FuzzONNX", dependencies: ["CFuzzer", "Detectors", "EdgepipeCompression", "EdgepipeCore", "EdgepipeONNX"],
      path: "Fuzz/ONNX", swiftSettings: strict))
}

// scripts/test-tsan compiles everything a second time; leaving out what the graph does not use saves most of that.
if Context.environment["EDGEPIPE_GRAPH_ONLY"] != nil {
  let graph: Set = [
    "CKernels", "CLibcrypto", "CPlatform", "EdgepipeCore", "EdgepipeMachine", "Pipeline", "PipelineTesting",
    "PipelineTestSupport", "PipelineTests", "EdgepipeCoreTests", "EdgepipeMachineTests",
  ]
  package.targets.removeAll { !graph.contains($0.name) }
  package.products.removeAll { $0.name != "Pipeline" }
}

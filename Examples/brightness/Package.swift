// swift-tools-version:6.2
import PackageDescription

// A package of your own names edgepipe by its address and version instead of a path.
let package = Package(
  name: "brightness",
  products: [
    .library(name: "BrightnessAlarm", targets: ["BrightnessAlarm"]),
    .executable(name: "watch", targets: ["watch"]),
  ],
  dependencies: [.package(name: "edgepipe", path: "../..")],
  targets: [
    .target(
      name: "BrightnessAlarm",
      dependencies: [
        .product(name: "EdgepipeCore", package: "edgepipe"), .product(name: "Pipeline", package: "edgepipe"),
      ]),
    .executableTarget(
      name: "watch",
      dependencies: [
        "BrightnessAlarm", .product(name: "EdgepipeCommand", package: "edgepipe"),
        .product(name: "Pipeline", package: "edgepipe"), .product(name: "Stages", package: "edgepipe"),
      ]),
    .testTarget(
      name: "BrightnessAlarmTests",
      dependencies: [
        "BrightnessAlarm", .product(name: "EdgepipeCore", package: "edgepipe"),
        .product(name: "Pipeline", package: "edgepipe"), .product(name: "PipelineTesting", package: "edgepipe"),
        .product(name: "Stages", package: "edgepipe"),
      ]),
  ]
)

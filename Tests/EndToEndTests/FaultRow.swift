import Foundation
import PipelineTestSupport
import Testing

/// One row of docs/faults.md at work, with its times scaled down: `Benchmarks/faults --quick ROW`, which makes the fault
/// with the tools of scripts/faults and measures edgepipe in it.
struct FaultRow: Decodable {
  struct Check: Decodable {
    let check: String
    let holds: Bool
    let value: Value
    let bound: String
  }

  /// Whatever a check looked at, for the message when it fails.
  struct Value: Decodable, CustomStringConvertible {
    let description: String

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Double.self) {
        description = "\(number)"
      } else if let text = try? value.decode(String.self) {
        description = text
      } else if let list = try? value.decode([Value].self) {
        description = "\(list)"
      } else if let map = try? value.decode([String: Value].self) {
        description = "\(map)"
      } else {
        description = "nothing"
      }
    }
  }

  let name: String
  let skipped: String?
  let checks: [Check]

  /// GStreamer's server, which needs the system's Python, and what the films are made with.
  static let isAvailable: Bool = {
    let check = "import gi; gi.require_version('GstRtspServer', '1.0')"
    return Has.ffmpeg && (try? TestData.run(URL(fileURLWithPath: "/usr/bin/python3"), ["-c", check]).status) == 0
  }()

  /// Rules for packets need root and nftables.
  static let canFilterPackets = getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/sbin/nft")

  /// The portrait whose face rows 8 and 11 find, and the model that finds it.
  static let hasFace = TestData.astronaut != nil && Has.model("yunet-n")

  static let needs = "needs GStreamer's RTSP server for python3, and ffmpeg: scripts/setup --tests"

  /// Makes the fault and holds edgepipe to what must be true of it.
  static func expectHolds(_ row: String) throws {
    let folder = TestData.packageRoot.appendingPathComponent("out/fault-tests")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let figures = folder.appendingPathComponent("row-\(row).json")
    try? FileManager.default.removeItem(at: figures)
    // The seed is fixed, so that what failed fails again. `timeout` ends what hangs.
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/timeout"),
      [
        "--kill-after=5", "110", TestData.packageRoot.appendingPathComponent("Benchmarks/faults").path, "--quick",
        "--seed", "1",
        "--edgepipe", Command.edgepipe.path, "--folder", folder.path, "--json", figures.path, row,
      ])
    let text = String(decoding: result.output, as: UTF8.self)
    try #require(FileManager.default.fileExists(atPath: figures.path), "row \(row) left no figures: \(text)")
    let rows = try JSONDecoder().decode([FaultRow].self, from: Data(contentsOf: figures))
    try #require(rows.first).expectHolds("row \(row)")
  }

  private func expectHolds(_ what: String) {
    #expect(skipped == nil)
    #expect(!checks.isEmpty)
    for check in checks {
      #expect(check.holds, "\(what), \(name): \(check.check) is \(check.value), must be \(check.bound)")
    }
  }
}

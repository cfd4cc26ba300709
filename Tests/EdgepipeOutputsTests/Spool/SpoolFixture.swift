import EdgepipeCore
import Foundation
import Logging
import PipelineTestSupport
import PipelineTesting

@testable import EdgepipeOutputs

/// A spool's file in a folder of its own, removed with it.
final class SpoolFixture {
  let folder: URL
  var path: String { folder.appendingPathComponent("sink.sqlite").path }
  let log = LogLines()

  init() throws { folder = try TestData.temporaryFolder("spool") }
  deinit { try? FileManager.default.removeItem(at: folder) }

  static func item(_ number: Int, stream: String = "cam", bytes: Int = 10) -> OutgoingItem {
    OutgoingItem(
      id: "run/\(stream)/zones/\(number)/0", stream: stream, kind: "zone.enter", address: "a",
      body: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes))
  }

  func open() throws -> SpoolFile { try SpoolOpening.open(path, logger: log.logger()) }

  func spool(_ settings: SpoolSettings = SpoolSettings()) throws -> Spool {
    Spool(try open(), settings: settings, clock: SystemClock(), logger: log.logger())
  }
}

extension SpoolFile {
  /// Everything that waits and is whole, in order.
  func all() throws -> [OutgoingItem] {
    var items: [OutgoingItem] = [], cursor: Int64 = 0
    while true {
      let (rows, damaged) = try rows(after: cursor, limit: .max, bytes: .max)
      guard let end = rows.last?.sequence ?? damaged.last else { return items }
      items += rows.map(\.item)
      cursor = end
    }
  }
}

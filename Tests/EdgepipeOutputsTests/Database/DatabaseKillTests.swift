import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

/// Kills a process that writes, at any instant: what it was told to be written is there.
///
/// `EDGEPIPE_DATABASE_KILLS` is how often; 200 take some minutes.
@Suite(.serialized) struct DatabaseKillTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let kills = environment["EDGEPIPE_DATABASE_KILLS"].flatMap { Int($0) } ?? 6
  /// Set in the process that is killed: the folder in which it writes.
  private static let victim = environment["EDGEPIPE_DATABASE_VICTIM"]

  @Test(.enabled(if: victim != nil, "is run by the other test, in a process of its own"))
  func `database victim`() throws {
    let folder = try #require(Self.victim)
    let database = try ResultDatabase(
      path: folder + "/results.db", run: DatabaseFixture.run("run-\(getpid())"))
    let told = try OutputFile(path: folder + "/told-\(getpid())")
    var number = 0
    while true {
      let rows = (0..<(1 + number % 37)).map {
        DatabaseFixture.event("\(getpid())/\(number + $0)", seconds: Double($0))
      }
      try database.write(
        rows + [
          DatabaseFixture.track(number, from: 0, to: 1, isOpen: true, picture: [UInt8](repeating: 7, count: 9000))
        ])
      number += rows.count
      let line = Array("\(number)\n".utf8)
      // SAFETY: the array's bytes are read.
      _ = unsafe write(told.descriptor, line, line.count)
    }
  }

  @Test(.enabled(if: victim == nil, "this process is the one that is killed"))
  func `given a process that is killed while it writes when looked at then no row that it was sure of is lost`() throws
  {
    let fixture = try DatabaseFixture()
    var random = SplitMix64(seed: UInt64(getpid()))
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var events: Int64 = 0
    for kill in 0..<Self.kills {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = ["--testing-library", "swift-testing", "--filter", "database victim"]
      process.environment = Self.environment.merging(["EDGEPIPE_DATABASE_VICTIM": fixture.files.folder.path]) { $1 }
      (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
      try process.run()
      let id = process.processIdentifier, told = fixture.files.path("told-\(id)")
      while process.isRunning, !FileManager.default.fileExists(atPath: told) { usleep(1000) }
      usleep(UInt32.random(in: 0..<80_000, using: &random))
      Glibc.kill(id, SIGKILL)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal)
      // The last line may be torn.
      let lines = try String(contentsOfFile: told, encoding: .utf8).split(
        separator: "\n", omittingEmptySubsequences: false)
      let sure = lines.dropLast().last.flatMap { Int64($0) } ?? 0
      #expect(try fixture.rows("PRAGMA integrity_check") == [[.text("ok")]])
      let written = try #require(try fixture.number("SELECT count(*) FROM events WHERE id LIKE '\(id)/%'"))
      #expect(written >= sure, "kill \(kill)")
      events += written
      #expect(try fixture.number("SELECT sum(n) FROM hours WHERE kind = 'zone.enter'") ?? 0 == events)
    }
    // The next run closes them all.
    try fixture.open("next").end(at: DatabaseFixture.wall(100))
    #expect(try fixture.number("SELECT count(*) FROM tracks WHERE open") == 0)
    #expect(try fixture.number("SELECT count(*) FROM runs WHERE ending = 'killed'") ?? 0 >= 1)
    #expect(try fixture.number("SELECT count(*) FROM runs WHERE ending IS NULL") == 0)
    #expect(events > 0)
  }
}

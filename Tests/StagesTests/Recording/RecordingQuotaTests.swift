import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite("What recordings are kept")
struct RecordingQuotaTests {
  private func items(_ sizes: [Int64]) -> [RecordingQuota.Item] {
    sizes.enumerated().map {
      .init(folder: "camera", stem: "\($0.offset)", begin: Int64($0.offset) * 100, bytes: $0.element)
    }
  }

  @Test(
    "given recordings and a size, when there are too many, then the oldest go until the rest and what is open fit",
    arguments: [(60, 0, 0), (59, 0, 1), (60, 1, 1), (30, 0, 3), (10, 0, 5), (1, 0, 6), (60, 100, 6)])
  func size(limit: Int, open: Int, expected: Int) {
    let quota = RecordingQuota(maxBytes: Int64(limit), maxSeconds: nil)
    #expect(quota.surplus(of: items([10, 10, 10, 10, 10, 10]), open: Int64(open), now: 1000) == expected)
  }

  @Test("given an age, when older recordings are there, then they go, whatever their size")
  func age() {
    let quota = RecordingQuota(maxBytes: 1000, maxSeconds: 250)
    #expect(
      [0, 250, 251, 451, 900].map { quota.surplus(of: items([1, 1, 1, 1]), open: 0, now: $0) } == [0, 0, 1, 3, 4])
  }

  @Test(
    "given a disk that fills, then the oldest go until enough is free or nothing is left",
    arguments: [(100, 0), (99, 1), (90, 1), (89, 2), (0, 6)])
  func free(free: Int64, expected: Int) {
    var quota = RecordingQuota(maxBytes: nil, maxSeconds: nil)
    #expect(
      quota.surplus(
        of: items([10, 10, 10, 10, 10, 10]), open: 0, disk: DiskSpace(freeBytes: free, totalBytes: 100_000), now: 0)
        == 0)
    quota.minFreeBytes = 100
    #expect(
      quota.surplus(
        of: items([10, 10, 10, 10, 10, 10]), open: 0, disk: DiskSpace(freeBytes: free, totalBytes: 100_000), now: 0)
        == expected)
    #expect(quota.surplus(of: items([10]), open: 0, disk: nil, now: 0) == 0)
    // A twentieth of a small disk.
    let small = DiskSpace(freeBytes: 95, totalBytes: 2000)
    #expect(quota.surplus(of: items([1, 1, 1, 1, 1, 1]), open: 0, disk: small, now: 0) == 5)
    #expect(quota.surplus(of: items([10]), open: 0, disk: .init(freeBytes: 95, totalBytes: 1900), now: 0) == 0)
  }

  @Test("given a disk that fills, then it is told once before recordings go, and once when there is room again")
  func told() {
    var rule = DiskRule(stage: "record", quota: RecordingQuota(minFreeBytes: 100 << 20))
    func look(_ megabytes: Int64, _ seconds: Int64) -> FaultChange? {
      rule.look(
        DiskSpace(freeBytes: megabytes << 20, totalBytes: 1 << 40), folder: "out",
        at: WallTime(nanoseconds: seconds * 1_000_000_000))
    }
    #expect(look(200, 0) == nil)
    let fault = look(199, 10)
    #expect(fault?.phase == .fault && fault?.fault == "disk" && fault?.stage == "record")
    #expect(fault?.figures == [.init("free_mb", 199, limit: 200)])
    #expect(look(50, 11) == nil && look(219, 12) == nil)
    let end = look(221, 25)
    #expect(end?.phase == .recovered && end?.seconds == 15)
    #expect(look(221, 26) == nil)
  }

  @Test(
    "given random recordings, when the rule is followed, then what stays fits or nothing stays, and no more went than had to"
  )
  func random() {
    var random = SinkFixture.Random(seed: 7)
    for _ in 0..<500 {
      let items = items(
        (0..<Int.random(in: 0...12, using: &random)).map { _ in Int64.random(in: 0...50, using: &random) })
      let limit = Int64.random(in: 1...300, using: &random), open = Int64.random(in: 0...60, using: &random)
      let count = RecordingQuota(maxBytes: limit, maxSeconds: nil).surplus(of: items, open: open, now: 0)
      let rest = open + items.dropFirst(count).reduce(0) { $0 + $1.bytes }
      #expect(rest <= limit || count == items.count)
      if count > 0 { #expect(rest + items[count - 1].bytes > limit) }
    }
  }

  @Test("given times, when made names and read back, then they are the same second, and sort like the times")
  func names() throws {
    var random = SinkFixture.Random(seed: 3)
    let times = (0..<500).map { _ in Int64.random(in: 0...4_000_000_000, using: &random) }.sorted()
    let stems = times.map { RecordingName.stem(WallTime(nanoseconds: $0 * 1_000_000_000 + 400_000_000)) }
    #expect(stems.map { RecordingName.time(ofStem: $0) } == times.map { Optional($0) })
    #expect(stems == stems.sorted())
    #expect(RecordingName.stem(WallTime(nanoseconds: 1_767_225_600_400_000_000)) == "20260101T000000.400Z")
  }

  @Test("given names of others, when read, then they are left alone")
  func foreign() {
    for name in [
      "holiday.mp4", "20260101T000000.400Z.mov", "20260101T000000.400Z", "20261301T000000.400Z.mp4",
      "20260101T000000Z.mp4",
      "20260101T000000.400Z-1.mp4", "20260101T000000.400Z-x.mp4", "a20260101T000000.400Z.mp4", ".mp4", "",
    ] { #expect(RecordingName.stem(ofFile: name) == nil, "\(name)") }
    #expect(RecordingName.stem(ofFile: "20260101T000000.400Z-2.json") == "20260101T000000.400Z-2")
  }
}

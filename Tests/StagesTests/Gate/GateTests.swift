@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("Detection gate")
struct GateTests {
  private let camera = StreamInfo(id: "cam", sourceStage: "cam", isLive: true)

  private func header(
    _ sequence: Int, seconds: Double, _ stream: StreamInfo? = nil, share: Double = 1
  ) -> FrameHeader {
    FrameHeader(
      stream: stream ?? camera, sequence: sequence, mediaTime: MediaTime(seconds: seconds),
      captured: MonotonicTime(nanoseconds: 0), capturedWall: WallTime(nanoseconds: 0), source: "t", width: 64,
      height: 48,
      detectionShare: share)
  }

  /// The frames of 10 s at 30 a second at which a gate is open.
  private func opens(_ settings: GateSettings, lost: Set<Int> = [], grid: (Int) -> LumaGrid? = { _ in nil }) -> [Int] {
    var gate = DetectionGate(settings)
    return (0..<300).filter { frame in
      !lost.contains(frame) && gate.opens(for: header(frame, seconds: Double(frame) / 30)) { grid(frame) }
    }
  }

  private func grid(level: Float, changedCells: Int = 0) -> LumaGrid {
    var cells = [Float](repeating: level, count: LumaGrid.columns * LumaGrid.rows)
    for cell in 0..<changedCells { cells[cell] += 100 }
    return LumaGrid(cells: cells)
  }

  @Test func givenAnIntervalThenEveryNthFrameIsLookedAtAndALostOneIsMadeUpFor() {
    #expect(opens(GateSettings(interval: 4)) == Array(stride(from: 0, to: 300, by: 4)))
    // Frame 8 never came: the next one takes its place, and the count goes on from there.
    #expect(Array(opens(GateSettings(interval: 4), lost: [8]).prefix(5)) == [0, 4, 9, 13, 17])
  }

  /// The frames of 10 s at 30 a second that are looked at while power is scarce.
  private func opens(_ settings: GateSettings, share: Double) -> [Int] {
    var gate = DetectionGate(settings)
    return (0..<300).filter { gate.opens(for: header($0, seconds: Double($0) / 30, share: share)) { nil } }
  }

  @Test(arguments: [0.01, 0.1, 0.37, 0.5, 0.9])
  func givenAShareThenSoMuchOfWhatTheSettingsAllowIsLookedAtEvenlySpread(share: Double) {
    for (settings, all) in [(GateSettings(), 300), (GateSettings(interval: 3), 100), (GateSettings(maxRate: 5), 50)] {
      let looks = opens(settings, share: share)
      #expect(abs(Double(looks.count) - share * Double(all)) <= 1)
      let gaps = zip(looks.dropFirst(), looks).map { $0 - $1 }
      let turn = 300 / all
      #expect((gaps.max() ?? 0) - (gaps.min() ?? 0) <= turn, "\(gaps)")
    }
  }

  @Test func givenAShareThatFallsAndRisesThenThePaceFollows() {
    var gate = DetectionGate(GateSettings())
    func looks(_ frames: Range<Int>, share: Double) -> Int {
      frames.count { gate.opens(for: header($0, seconds: Double($0) / 30, share: share)) { nil } }
    }
    #expect(looks(0..<100, share: 1) == 100)
    #expect((24...26).contains(looks(100..<200, share: 0.25)))
    #expect(looks(200..<300, share: 1) >= 99)
  }

  @Test func givenAGateThatIsTurnedOffAndOn_whenFramesCome_thenNoneIsLookedAtMeanwhile() {
    var settings = GateSettings()
    settings.isEnabled = false
    var gate = DetectionGate(GateSettings())
    func looks(_ frames: Range<Int>) -> Int {
      frames.count { gate.opens(for: header($0, seconds: Double($0) / 30)) { nil } }
    }
    #expect(looks(0..<10) == 10)
    gate.settings = settings
    #expect(!settings.isAlwaysOpen)
    #expect(looks(10..<500) == 0)
    gate.settings.isEnabled = true
    #expect(looks(500..<510) == 10)
  }

  @Test func givenSeveralStreamsThenTheyTakeTurns() {
    var gate = DetectionGate(GateSettings(interval: 4))
    let streams = (0..<4).map { StreamInfo(id: "s\($0)", sourceStage: "s", isLive: true) }
    for frame in 0..<40 {
      let open = streams.filter { gate.opens(for: header(frame, seconds: Double(frame) / 30, $0)) { nil } }
      #expect(open.count == 1, "one stream at a time")
    }
  }

  @Test(arguments: [1.0, 7, 10, 24, 29.9]) func givenARateThenItIsKeptOverTime(rate: Double) {
    // One look at the start, and the last one may fall just after the end.
    let count = opens(GateSettings(maxRate: rate)).count
    #expect(abs(Double(count) - rate * 10) <= 1)
  }

  @Test func givenARateAboveTheStreamsThenEveryFrameIsLookedAt() {
    #expect(opens(GateSettings(maxRate: 60)).count == 300)
  }

  @Test func givenAStillSceneWithMotionInTheMiddleThenItLooksAtTheStartWhileItMovesAndToKeepAlive() {
    var motion = GateSettings.MotionSettings()
    motion.settleS = 1
    motion.keepAliveS = 3
    // Something moves in frames 100 to 109.
    let open = opens(GateSettings(motion: motion)) { frame in
      grid(level: 100, changedCells: (100..<110).contains(frame) ? 20 + frame : 0)
    }
    #expect(open.prefix(30) == ArraySlice(0..<30), "the first second settles")
    #expect(open.contains(100) && open.contains(109) && open.contains(110), "what moved away is motion too")
    #expect(!open.contains(60) && !open.contains(95))
    let quiet = open.filter { $0 > 150 }
    #expect(quiet.count >= 1 && quiet.count <= 2, "only to keep alive: \(quiet)")
  }

  @Test func givenASmallFlickerThenItIsNoMotion() {
    var motion = GateSettings.MotionSettings()
    motion.settleS = 0
    motion.keepAliveS = 1000
    let open = opens(GateSettings(motion: motion)) { grid(level: $0 % 2 == 0 ? 100 : 108) }
    #expect(open == [0])
  }

  @Test func givenAStreamThatBeginsAnewThenTheGateDoesToo() {
    var gate = DetectionGate(GateSettings(interval: 10, maxRate: 1))
    #expect(gate.opens(for: header(0, seconds: 0)) { nil })
    #expect(!gate.opens(for: header(5, seconds: 5)) { nil })
    #expect(gate.opens(for: header(0, seconds: 0)) { nil })
  }
}

@Suite("Brightness grid", .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct LumaGridTests {
  @Test(arguments: ["gray", "yuv420p", "bgr0", "yuv420p10le"])
  func givenAPlainPictureThenEveryCellHasItsLevel(_ format: String) throws {
    let path = try MediaFixtures.make(
      "level-\(format).mkv",
      ["-f", "lavfi", "-i", "color=0x808080:size=320x180", "-frames:v", "1", "-c:v", "ffv1", "-pix_fmt", format])
    let frame = try #require(MediaFixtures.run(path).frames.first)
    let picture = try #require(frame.image as? DecodedPicture)
    let grid = try #require(LumaGrid(picture))
    #expect(grid.cells.count == LumaGrid.columns * LumaGrid.rows)
    // 128 as full range, 126 as studio range luma: both are grey.
    let spread = (grid.cells.min() ?? 0, grid.cells.max() ?? 255)
    #expect(spread.0 >= 120 && spread.1 <= 132)
  }

  @Test func givenAPictureWhoseLeftHalfDiffersThenHalfTheCellsChanged() {
    let count = LumaGrid.columns * LumaGrid.rows
    let dark = LumaGrid(cells: Array(repeating: 10, count: count))
    let half = LumaGrid(cells: (0..<count).map { $0 % LumaGrid.columns < LumaGrid.columns / 2 ? 200 : 10 })
    #expect(half.changedShare(from: dark, difference: 12) == 0.5)
    #expect(half.changedShare(from: half, difference: 0) == 0)
  }
}

import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("How often detectors look, for a stage that hides what they find")
struct LookCheckTests {
  private typealias Stages = [(id: String, after: [String])]

  private static let line: Stages = [
    ("camera", []), ("faces", ["camera"]), ("hide", ["faces"]), ("video", ["hide"]),
  ]

  private static func check(
    _ stages: Stages = line, finding: [String: Set<String>] = ["faces": ["face"]], looks: [String: LookPace],
    groups: [[Set<String>]] = [[["face"]]], requires: Set<String> = []
  ) throws -> LookCheck {
    let members = stages.map { stage in
      var interface = StageInterface()
      interface.finds = finding[stage.id].map { .only($0) }
      interface.looks = looks[stage.id]
      if stage.id == "hide" { interface.hiding = HidingRule(groups: groups, delayFrames: 3, holdFrames: 12) }
      return InterfaceCheck.Member(
        id: stage.id, type: "some", interface: interface, requires: requires.contains(stage.id) ? [.anonymized] : [])
    }
    return LookCheck(members, graph: try Graph(stages))
  }

  private static func every(_ interval: Int, fallback: Int? = nil) -> LookPace {
    var pace = LookPace()
    (pace.interval, pace.fallbackInterval) = (interval, fallback)
    return pace
  }

  @Test("given three frames kept back, when every fourth is looked at, then nothing is said; every fifth is a warning")
  func gap() throws {
    for interval in 1...4 {
      let check = try Self.check(looks: ["faces": Self.every(interval)], requires: ["video"])
      #expect(check.errors.isEmpty && check.warnings.isEmpty, "\(interval)")
    }
    let check = try Self.check(looks: ["faces": Self.every(5)])
    #expect(check.errors.isEmpty && check.warnings.count == 1)
    let warning = try #require(check.warnings.first)
    #expect(
      warning.error.message
        == "'faces' looks at one frame in 5, and 'hide' keeps 3 frames back: what comes into the picture after a look is "
        + "shown in up to 1 frame")
    #expect(
      warning.error.remedy == "set the interval of 'faces' to 4 or less, or delayFrames of 'hide' to 4 or more")
    #expect(warning.error.stage == "faces" && warning.key == "interval")
  }

  @Test(
    "given a detector that looks only where another is in doubt, when it alone finds what is hidden, then it is a warning"
  )
  func doubt() throws {
    var pace = LookPace()
    pace.isOnDoubt = true
    let check = try Self.check(looks: ["faces": pace])
    #expect(check.errors.isEmpty && check.warnings.count == 1 && check.warnings.first?.key == "cascade")
    #expect(check.warnings.first?.error.message.contains("only where another detector is in doubt") == true)
  }

  @Test("given a sink that requires hidden pictures, when a new face could be shown between looks, then it is an error")
  func strict() throws {
    let check = try Self.check(looks: ["faces": Self.every(5)], requires: ["video"])
    #expect(check.warnings.isEmpty)
    #expect(check.errors.first?.error.message.hasSuffix(", and 'video' requires anonymized pictures") == true)
  }

  @Test(
    "given a memory of 12 frames and 3 kept back, when every 17th is looked at, then one of 17 would be hidden whole")
  func blind() throws {
    #expect(try Self.check(looks: ["faces": Self.every(16)]).errors.isEmpty)
    let check = try Self.check(looks: ["faces": Self.every(17)])
    #expect(check.warnings.isEmpty, "one sentence is enough")
    #expect(
      check.errors.first?.error.message
        == "'faces' looks at one frame in 17, and 'hide' keeps 3 frames back and remembers 12: 1 of 17 pictures would be "
        + "hidden whole")
    let far = try #require(Self.check(looks: ["faces": Self.every(100)]).errors.first)
    #expect(far.error.remedy == "set the interval of 'faces' to 4 or less", "no delay is so long")
  }

  @Test("given a fallback that looks more seldom, when checked, then it counts, and its place is named")
  func fallback() throws {
    let check = try Self.check(looks: ["faces": Self.every(2, fallback: 8)])
    #expect(check.warnings.first?.key == "fallback.interval")
    #expect(check.warnings.first?.error.message.hasPrefix("the fallback of 'faces' looks at one frame in 8") == true)
  }

  @Test("given two detectors, when one of them finds the same at every frame, then the other may look as it likes")
  func another() throws {
    let stages: Stages = [
      ("camera", []), ("slow", ["camera"]), ("faces", ["slow"]), ("hide", ["faces"]), ("video", ["hide"]),
    ]
    let both: [String: Set<String>] = ["slow": ["face"], "faces": ["face"]]
    let check = try Self.check(stages, finding: both, looks: ["slow": Self.every(50), "faces": Self.every(1)])
    #expect(check.errors.isEmpty && check.warnings.isEmpty)
    // Of another class only its own detector tells.
    let plates = try Self.check(
      stages, finding: ["slow": ["plate"], "faces": ["face"]], looks: ["slow": Self.every(50)],
      groups: [[["face"], ["plate"]]])
    #expect(plates.errors.isEmpty && plates.warnings.map(\.error.stage) == ["slow"])
  }

  @Test("given faces and persons that are found apart, when their looks seldom meet, then frames would be hidden whole")
  func together() throws {
    let stages: Stages = [
      ("camera", []), ("objects", ["camera"]), ("faces", ["objects"]), ("hide", ["faces"]), ("video", ["hide"]),
    ]
    let finding: [String: Set<String>] = ["objects": ["person"], "faces": ["face"]]
    let groups: [[Set<String>]] = [[["face"]], [["person"]]]
    let near = try Self.check(
      stages, finding: finding, looks: ["objects": Self.every(4), "faces": Self.every(2)], groups: groups)
    #expect(near.errors.isEmpty && near.warnings.isEmpty)
    let far = try Self.check(
      stages, finding: finding, looks: ["objects": Self.every(5), "faces": Self.every(4)], groups: groups)
    #expect(
      far.errors.first?.error.message.hasPrefix("'objects' and 'faces' look at the same frame once in 20") == true)
  }

  @Test("given two cameras with a detector each, when one looks too seldom, then it is named, once")
  func cameras() throws {
    let stages: Stages = [
      ("a", []), ("b", []), ("quick", ["a"]), ("slow", ["b"]), ("hide", ["quick", "slow"]), ("video", ["hide"]),
    ]
    let check = try Self.check(
      stages, finding: ["quick": ["face"], "slow": ["face"]], looks: ["slow": Self.every(9)])
    #expect(check.warnings.map(\.error.stage) == ["slow"])
  }

  @Test(
    "given a detector that is off, waits for motion or keeps to a rate, when checked, then each is told at its place")
  func pauses() throws {
    var off = LookPace()
    off.isEnabled = false
    var still = LookPace()
    still.isOnMotion = true
    var seldom = LookPace()
    seldom.maxRate = 5
    for (pace, key, words) in [
      (off, "enabled", "hides pictures whole"), (still, "onMotion", "a still scene are hidden whole"),
      (seldom, "maxRate", "in streams of more than 20 frames a second"),
    ] {
      let check = try Self.check(looks: ["faces": pace])
      #expect(check.errors.isEmpty && check.warnings.map(\.key) == [key])
      #expect(check.warnings.first?.error.message.contains(words) == true, "\(key)")
    }
  }
}

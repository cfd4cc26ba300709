import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Pictures that must be anonymized")
struct PrivacyCheckTests {
  private static func check(
    _ stages: [(id: String, after: [String])], hiding: Set<String> = ["hide"], copying: Set<String> = [],
    preparing: [String: Set<String>] = [:], requires: Set<String> = []
  ) throws -> (PrivacyCheck, anonymized: Set<String>) {
    let members = stages.map { stage in
      var interface = StageInterface()
      interface.anonymizes = hiding.contains(stage.id)
      interface.copiesPackets = copying.contains(stage.id)
      interface.prepares = preparing[stage.id] ?? []
      return InterfaceCheck.Member(
        id: stage.id, type: "sink.some", interface: interface,
        requires: requires.contains(stage.id) ? [.anonymized] : [])
    }
    let check = PrivacyCheck(members, graph: try Graph(stages))
    return (check, Set(check.anonymized.map { stages[$0].id }))
  }

  @Test("given a sink behind the stage that hides, when it requires it, then nothing is said")
  func covered() throws {
    let (check, anonymized) = try Self.check(
      [("camera", []), ("hide", ["camera"]), ("zones", ["hide"]), ("video", ["zones"])], requires: ["video"])
    #expect(check.errors.isEmpty)
    #expect(anonymized == ["zones", "video"])
  }

  @Test("given one branch past the stage that hides, when they are joined, then the way is named")
  func openBranch() throws {
    let (check, anonymized) = try Self.check(
      [
        ("camera", []), ("hide", ["camera"]), ("raw", ["camera"]), ("tracks", ["hide", "raw"]), ("video", ["tracks"]),
        ("still", ["hide"]),
      ], requires: ["video", "still"])
    #expect(check.errors.map(\.error.stage) == ["video"])
    #expect(
      check.errors.first?.error.message
        == "'video' requires anonymized pictures, but on this way nothing is hidden in them: camera -> raw -> tracks -> video"
    )
    #expect(check.errors.first?.error.remedy == "let the way lead through 'hide'")
    #expect(anonymized == ["still"])
  }

  @Test("given two cameras of which one goes past, when a sink takes both, then the open one is named")
  func openCamera() throws {
    let (check, _) = try Self.check(
      [("a", []), ("b", []), ("hide", ["a"]), ("video", ["hide", "b"])], requires: ["video"])
    #expect(check.errors.first?.error.message.hasSuffix("b -> video") == true)
  }

  @Test("given nothing that hides, when a sink requires it, then the remedy is to add it")
  func missing() throws {
    let (check, _) = try Self.check([("a", []), ("video", ["a"])], hiding: [], requires: ["video"])
    #expect(check.errors.first?.error.remedy == "put a privacy.anonymize in the way")
  }

  @Test("given a sink that copies packets, when it requires it, then it is refused wherever it stands")
  func packets() throws {
    let (check, anonymized) = try Self.check(
      [("camera", []), ("hide", ["camera"]), ("record", ["hide"])], copying: ["record"], requires: ["record"])
    #expect(
      check.errors.first?.error.message
        == "'record' requires anonymized pictures, but sink.some copies what the camera sends, in which nothing is hidden"
    )
    #expect(check.errors.first?.error.remedy == "record with a sink.video after 'hide'")
    #expect(anonymized.isEmpty)
  }

  @Test("given a stage whose input is prepared before anything is hidden, when it requires it, then that way is named")
  func prepared() throws {
    let (check, _) = try Self.check(
      [("camera", []), ("scale", ["camera"]), ("hide", ["scale"]), ("remote", ["hide"])],
      preparing: ["scale": ["remote"]], requires: ["remote"])
    #expect(check.errors.first?.error.message.hasSuffix("camera -> scale -> remote") == true)
  }
}

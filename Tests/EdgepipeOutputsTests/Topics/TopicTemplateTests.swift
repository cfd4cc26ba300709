import EdgepipeCore
import Testing

@testable import EdgepipeOutputs

struct TopicTemplateTests {
  private func facts(_ stream: String = "door", zone: String? = nil) -> ItemFacts {
    var facts = ItemFacts()
    (facts.pipeline, facts.stream, facts.kind, facts.stage) = ("shop", stream, "zone.enter", "zones")
    (facts.label, facts.zone) = ("person", zone)
    return facts
  }

  private func topic(_ text: String, _ rules: TopicRules, _ facts: ItemFacts) throws -> String {
    try TopicTemplate(text, rules, option: "topic").topic(facts)
  }

  @Test func givenFields_whenFilled_thenEachStandsForItsValue() throws {
    let all = "site/{pipeline}/{stream}/{stage}/{zone}/{label}/{kind}"
    #expect(try topic(all, .mqtt, facts(zone: "desk")) == "site/shop/door/zones/desk/person/zone.enter")
    #expect(try topic("{stream}-{kind}", .kafka, facts()) == "door-zone.enter")
  }

  @Test func givenAResultWithoutAZone_whenFilled_thenItsLevelStays() throws {
    #expect(try topic("a/{zone}/b", .mqtt, facts()) == "a/none/b")
    #expect(try topic("a/{stream}/b", .mqtt, facts("")) == "a/none/b")
  }

  @Test func givenValuesWithWildcards_whenFilled_thenTheyAddNoLevelAndMatchNothing() throws {
    #expect(try topic("site/{stream}/x", .mqtt, facts("a/b+c#\0\u{7}d")) == "site/a_b_c___d/x")
    #expect(try topic("{stream}", .mqtt, facts("$SYS")) == "_SYS")
    #expect(try topic("{stream}", .kafka, facts("..")) == "_")
    #expect(try topic("{stream}", .kafka, facts("Tür 1/2")) == "T_r_1_2")
  }

  @Test(arguments: ["site/{strem}/x", "site/{stream", "site/stream}/x", "a/+/b", "a/#", "", "$SYS/a", "a\u{1}b"])
  func givenATemplateThatIsNoTopic_whenRead_thenItIsRefused(_ text: String) {
    #expect(throws: PipelineError.self) { try TopicTemplate(text, .mqtt, option: "topic") }
  }

  @Test func givenAMisspeltField_whenRead_thenTheErrorSaysWhichWasMeant() throws {
    let error = try #require(throws: PipelineError.self) { try TopicTemplate("{strem}", .kafka, option: "topic") }
    #expect(error.description == "'topic' '{strem}' has no field 'strem'; did you mean '{stream}'?")
    #expect(error.exit == .config)
  }

  @Test(arguments: ["a/b", "a b", "ä", String(repeating: "a", count: 250)])
  func givenATopicThatKafkaDoesNotHave_whenRead_thenItIsRefused(_ text: String) {
    #expect(throws: PipelineError.self) { try TopicTemplate(text, .kafka, option: "topic") }
  }

  /// Whatever streams and zones are called: the number of levels stays, and no wildcard, control character or overlong topic
  /// comes out.
  @Test func givenRandomValues_whenFilled_thenEveryTopicIsValid() throws {
    var random = SplitMix64(seed: 16)
    let mqtt = try TopicTemplate("{stream}/{kind}/x{zone}{label}", .mqtt, option: "topic")
    let kafka = try TopicTemplate("{stream}{kind}{zone}", .kafka, option: "topic")
    let kafkaSigns = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    for _ in 0..<2000 {
      var facts = ItemFacts()
      facts.stream = Self.text(&random)
      facts.kind = Self.text(&random)
      facts.zone = Self.text(&random)
      facts.label = Bool.random(using: &random) ? Self.text(&random) : nil
      let topic = mqtt.topic(facts)
      #expect(topic.utf8.count <= 65_535 && topic.utf8.count > 2)
      #expect(topic.unicodeScalars.count { $0 == "/" } == 2)
      #expect(
        !topic.unicodeScalars.contains {
          "+#".unicodeScalars.contains($0) || $0.value < 0x20 || 0x7F...0x9F ~= $0.value
        })
      #expect(topic.unicodeScalars.first != "$")
      let name = kafka.topic(facts)
      #expect((1...249).contains(name.count) && name.allSatisfy(kafkaSigns.contains) && name != "." && name != "..")
    }
  }

  private static func text(_ random: inout SplitMix64) -> String {
    let signs: [Unicode.Scalar] = ["/", "+", "#", "$", "\0", "\n", ".", "\u{85}", "\u{FFFF}", "é", "日", "🙂", "a", " "]
    var text = ""
    for _ in 0..<Int.random(in: 0...(Int.random(in: 0...20, using: &random) == 0 ? 400 : 12), using: &random) {
      if let sign = signs.randomElement(using: &random) { text.unicodeScalars.append(sign) }
    }
    return text
  }
}

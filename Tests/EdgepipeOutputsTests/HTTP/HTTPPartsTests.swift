import EdgepipeCore
import Foundation
import Testing

@testable import EdgepipeOutputs

@Suite("Webhooks: bodies, signatures, answers")
struct HTTPPartsTests {
  @Test("given the example of the Standard Webhooks, when signed, then the signature is theirs")
  func signature() {
    let signed = WebhookSignature(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
    #expect(signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  private static let line = Array(#"{"type":"event","label":"a \"b\"","track":7,"score":0.5,"box":{"x":1}}"#.utf8)

  @Test(
    "given a template, when a result fills it, then names are replaced, and a template of JSON stays JSON",
    arguments: [
      ("saw {label} as {track}", #"saw a "b" as 7"#),
      (#"{"text":"{label}, {track}","n":{track}}"#, #"{"text":"a \"b\", 7","n":7}"#),
      ("{json}", String(decoding: line, as: UTF8.self)),
      ("{missing}{ {not a name} {box} {pipeline}", #"{ {not a name} {"x":1} p"#),
      ("{{label}}", #"{a \"b\"}"#),
    ])
  func template(text: String, expected: String) throws {
    var facts = ItemFacts()
    facts.pipeline = "p"
    #expect(String(decoding: try BodyTemplate(text).fill(Self.line, facts), as: UTF8.self) == expected)
  }

  @Test("given an empty template, when read, then it is refused")
  func emptyTemplate() { #expect(throws: PipelineError.self) { try BodyTemplate("  \n") } }

  @Test(
    "given addresses and options that cannot be, when the sink is made, then the fault names what is wrong",
    arguments: [
      ("ftp://host/", [] as [String], "no web address"), ("nonsense", [], "no web address"),
      ("https://user:secret@host/", [], "holds a password"), ("https://host/", ["no colon"], "Name: value"),
      ("https://host/", ["A: b\nc: d"], "Name: value"),
    ])
  func faults(url: String, headers: [String], says: String) {
    var configuration = HTTPSink.Configuration(url: url)
    configuration.headers = headers
    let error = #expect(throws: PipelineError.self) { _ = try HTTPTarget(configuration) }
    #expect(error?.message.contains(says) == true && error?.message.contains("secret@") == false)
  }

  @Test("given ids of any text, when they become a header, then every character is one that may stand there")
  func headerText() {
    #expect(HeaderText.escaped("run/cam ü/0%1\r\n") == "run/cam%20%C3%BC/0%251%0D%0A")
  }
}

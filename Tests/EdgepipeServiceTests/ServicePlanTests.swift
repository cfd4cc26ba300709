import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("What a service runs")
final class ServicePlanTests {
  private let folder: String

  init() throws { folder = try TestData.temporaryFolder("service-plan").path }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ name: String, _ text: String = #"{ "version": 1, "stages": [] }"#) throws -> String {
    let path = "\(folder)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// The lines of the error, without the folder, and the exit status.
  private func failure(_ path: String) -> (text: String, exit: EdgepipeCore.ExitStatus?) {
    let error = #expect(throws: (any Error).self) { try ServicePlan(path) }
    let exit = (error as? PipelineError)?.exit ?? (error as? ConfigErrors)?.exit
    return ("\(error.map { "\($0)" } ?? "")".replacingOccurrences(of: folder + "/", with: ""), exit)
  }

  @Test("given a pipeline file, when read, then it is the only pipeline, named by its file, whatever is in it")
  func file() throws {
    let path = try write("front-door.json")
    let plan = try ServicePlan(path)
    #expect(plan.pipelines == [.init(name: "front-door", file: path, starts: true)] && plan.state == nil)
    // Its own run tells what is wrong with it.
    #expect(try ServicePlan(write("broken.json", "{ no")).pipelines.map(\.name) == ["broken"])
  }

  @Test("given which pictures are shown, when read, then it is all of them unless anonymized ones are asked for")
  func pictures() throws {
    func plan(_ http: String) throws -> ServicePlan {
      try ServicePlan(write("service.json", #"{ "version": 1, "http": \#(http), "pipelines": [] }"#))
    }
    #expect(try !plan("{}").interface.showsOnlyAnonymized)
    #expect(try !plan(#"{ "pictures": "all" }"#).interface.showsOnlyAnonymized)
    #expect(try plan(#"{ "pictures": "anonymized" }"#).interface.showsOnlyAnonymized)
    #expect(throws: ConfigErrors.self) { try plan(#"{ "pictures": "anonymised" }"#) }
  }

  @Test("given a folder, when read, then its pipeline files are the pipelines, in order, and nothing else in it")
  func folderOfFiles() throws {
    for name in ["p/b.json", "p/a.json", "p/.#a.json", "p/notes.txt", "p/inner/c.json", "p/folder.json/d.json"] {
      _ = try write(name)
    }
    let entries = [
      ServicePlan.Entry(name: "a", file: "\(folder)/p/a.json"), .init(name: "b", file: "\(folder)/p/b.json"),
    ]
    #expect(try ServicePlan("\(folder)/p").pipelines == entries)
    #expect(try ServicePlan("\(folder)/p/").pipelines == entries)
  }

  @Test("given a service file, when read, then names, files, starts and the state folder are as it says")
  func serviceFile() throws {
    let path = try write(
      "service.json",
      """
      { "version": 1, "state": "state", "pipelines": [
        { "file": "pipelines/door.json" }, { "name": "yard", "file": "/etc/yard.json", "start": false } ] }
      """)
    let plan = try ServicePlan(path)
    #expect(plan.state == "\(folder)/state")
    #expect(
      plan.pipelines == [
        .init(name: "door", file: "\(folder)/pipelines/door.json", starts: true),
        .init(name: "yard", file: "/etc/yard.json", starts: false),
      ])
    let empty = try ServicePlan(write("empty.json", #"{ "version": 1, "state": "/var/x", "pipelines": [] }"#))
    #expect(empty.pipelines.isEmpty && empty.state == "/var/x")
  }

  @Test(
    "given notices, priorities and what to do about heat, when read, then the plan has them; mistakes name the place")
  func faults() throws {
    let path = try write(
      "service.json",
      """
      { "version": 1, "stuckS": 5, "heat": { "powerOff": true },
        "notices": { "command": ["tell", "--all"], "webhook": "https://hooks.example/a" },
        "pipelines": [ { "file": "a.json", "priority": -3 } ] }
      """)
    let plan = try ServicePlan(path)
    #expect(plan.stuckS == 5 && plan.powersOff && plan.pipelines.map(\.priority) == [-3])
    #expect(plan.notices.command == ["\(folder)/tell", "--all"] && plan.notices.webhook == "https://hooks.example/a")
    for (notices, words) in [
      (#"{ "webhook": "ftp://hooks.example" }"#, "notices: 'webhook' is not an http or https address"),
      (
        #"{ "webhook": "https://a/${NOT_SET_ANYWHERE}" }"#,
        "notices: webhook: the environment variable 'NOT_SET_ANYWHERE' is not set"
      ),
      (#"{ "command": [] }"#, "notices.command: "), (#"{ "mail": "a@b" }"#, "notices.mail: unknown key"),
    ] {
      let (text, exit) = try failure(
        write("wrong.json", "{ \"version\": 1, \"notices\": \(notices), \"pipelines\": [] }"))
      #expect(text.contains(words) && text.hasPrefix("wrong.json:1:") && exit == .dataError, "\(text)")
    }
  }

  @Test("given nothing to run, when read, then the message says what is missing and what to do")
  func nothing() throws {
    let missing = failure("\(folder)/none.json")
    #expect(missing.text == "cannot read 'none.json'; give a pipeline file, a folder of them, or a service file")
    #expect(missing.exit == .noInput)
    _ = try write("e/readme.md")
    let empty = failure("\(folder)/e")
    #expect(empty.text == "'e' contains no pipeline file (*.json); edgepipe new writes one")
    #expect(empty.exit == .noInput)
  }

  @Test("given a service file with mistakes, when read, then each is told at its place")
  func mistakes() throws {
    for (text, words) in [
      (
        #"{ "version": 1, "pipelines": [ { "fil": "a.json" } ] }"#,
        "s.json:1:32: pipelines[0]: missing key 'file'\ns.json:1:34: pipelines[0].fil: unknown key; did you mean 'file'?"
      ),
      (#"{ "version": 2, "pipelines": [] }"#, "s.json:1:14: version: expected an integer in 1...1, found 2"),
      (#"{ "pipelines": [] }"#, "s.json:1:1: missing key 'version'"),
      (
        #"{ "version": 1, "pipelines": [ { "file": "a.json" }, { "file": "b/a.json" } ] }"#,
        "s.json:1:54: pipelines[1]: two pipelines are called 'a'"
      ),
      (
        #"{ "version": 1, "pipelines": [ { "name": "../x", "file": "a.json" } ] }"#,
        "s.json:1:32: pipelines[0]: '../x' cannot be the name of a pipeline"
      ),
      (
        #"{ "version": 1, "pipelines": [ { "file": "a.json", "start": "yes" } ] }"#,
        "s.json:1:61: pipelines[0].start: expected true or false, found a string"
      ),
    ] {
      let error = failure(try write("s.json", text))
      #expect(error.text == words, "\(error.text)")
      #expect(error.exit == .dataError)
    }
  }

  @Test("given names, when checked, then those that are no folder, address and label are refused, with the rule")
  func names() throws {
    for name in ["a", "front-door_2.cam", "A9", String(repeating: "x", count: 64)] { try ServicePlan.check(name) }
    for name in ["", ".", "..", ".hidden", "a/b", "a b", "é", "a\n", String(repeating: "x", count: 65)] {
      let error = #expect(throws: PipelineError.self) { try ServicePlan.check(name) }
      #expect(error?.code == .invalidArgument)
    }
    let error = failure(try write("my cam.json"))
    #expect(
      error.text
        == "'my cam' cannot be the name of a pipeline; use 1 to 64 letters, digits, '-', '_' and '.', not beginning with '.'"
    )
    #expect(error.exit == .usage)
  }
}

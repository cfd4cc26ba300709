import Foundation
import PipelineTestSupport
import Testing

@Suite(
  "The command: serve, pictures of many streams and files that runs have written",
  .enabled(if: ServiceSpace.clip != nil, "needs the data folder"))
struct ServePicturesTests {
  private func write(_ rig: ServiceSpace, _ name: String, streams: [String], sinks: String = "") throws {
    let clip = try #require(ServiceSpace.clip).path
    let list = streams.map { #"{ "id": "\#($0)", "url": "\#(clip)" }"# }.joined(separator: ", ")
    try #"""
    { "version": 1, "name": "\#(name)", "stages": [
      { "id": "cameras", "type": "source.ffmpeg", "config": { "realtime": true, "streams": [\#(list)] } },
      \#(sinks)
      { "id": "results", "type": "sink.jsonl", "after": ["cameras"], "config": { "path": "\#(name).jsonl", "append": true } } ] }
    """#.write(toFile: rig.space.path("p/\(name).json"), atomically: true, encoding: .utf8)
  }

  @Test(
    "given streams of two pipelines, when asked for at once, then one answer has pictures of all, and tells who is away"
  )
  func pictures() throws {
    let rig = try ServiceSpace()
    try write(rig, "yard", streams: ["gate", "back"])
    try write(rig, "lab", streams: ["bench"])
    let (service, client) = try rig.serveHTTP()
    for name in ["yard", "lab"] {
      try rig.eventually("\(name) runs", service) {
        try client.get("/v1/pipelines/\(name)").object["streams"] is [[String: Any]]
      }
    }
    let wanted = "yard/gate,yard/back,lab/bench,lab/none,nothing/x"
    let answer = try client.ask("GET", "/v1/pictures?streams=\(wanted)&height=120&rate=10&max=12", isEndless: true)
    #expect(answer.status == 200 && answer.head.contains("multipart/mixed; boundary=edgepipe"))
    let body = try Multipart.dechunked(answer.bytes)
    #expect(body.suffix(14) == Array("--edgepipe--\r\n".utf8)[...])
    let parts = try Multipart.parts(body)
    let shown = Set(
      parts.filter { !$0.body.isEmpty }.map {
        "\($0.fields["Edgepipe-Pipeline"] ?? "")/\($0.fields["Edgepipe-Stream"] ?? "")"
      })
    #expect(shown == ["yard/gate", "yard/back", "lab/bench"])
    for part in parts where !part.body.isEmpty {
      #expect(part.body.starts(with: [0xFF, 0xD8, 0xFF]) && part.body.suffix(2) == [0xFF, 0xD9])
      #expect(
        part.fields["Edgepipe-Size"] == "212x120" && part.fields["Edgepipe-Source-Size"] == "768x432", "\(part.fields)")
    }
    let away = parts.filter { $0.fields["Edgepipe-State"] == "ended" }.map { $0.fields["Edgepipe-Stream"] }
    #expect(away == ["none", "x"], "each once")
    #expect(try client.get("/v1/pictures?streams=x").status == 400)
    #expect(
      try client.get("/v1/pictures?streams=\(Array(repeating: "a/b", count: 3).joined(separator: ","))&max=0").status
        == 200)
    _ = try rig.terminate(service)
  }

  @Test("given a watched stream, when its pipeline is drained and started again, then the same answer goes on")
  func comesBack() throws {
    let rig = try ServiceSpace()
    try write(rig, "cam", streams: ["cam"])
    let (service, client) = try rig.serveHTTP()
    try rig.eventually("cam runs", service) {
      try client.get("/v1/pipelines/cam").object["streams"] is [[String: Any]]
    }
    let reader = try RawHTTP(port: client.port)
    reader.send("GET /v1/pictures?streams=cam/cam&height=64 HTTP/1.1\r\nHost: 127.0.0.1:\(client.port)\r\n\r\n")
    var seen = ""
    func read(until words: String) throws {
      let limit = ContinuousClock.now + .seconds(120)
      while !seen.contains(words) {
        try #require(ContinuousClock.now < limit, "never: \(words)")
        seen += String(decoding: try #require(try reader.readSome()), as: UTF8.self)
      }
      seen = ""
    }
    try read(until: "Edgepipe-Frame:")
    #expect(try client.ask("POST", "/v1/pipelines/cam/drain").status == 202)
    try read(until: "Edgepipe-State: ended")
    #expect(try client.ask("POST", "/v1/pipelines/cam/start").status == 202)
    try read(until: "Edgepipe-Frame:")
    _ = try rig.terminate(service)
  }

  @Test(
    "given what sinks have written, when asked for, then exactly that is served, in parts as well, and to viewers alone"
  )
  func files() throws {
    let rig = try ServiceSpace()
    try write(
      rig, "cam", streams: ["cam"],
      sinks: #"""
        { "id": "pictures", "type": "sink.snapshot", "after": ["cameras"], "config": { "folder": "out/pictures", "everyS": 1 } },
        { "id": "record", "type": "sink.record", "after": ["cameras"], "config": { "folder": "out/record", "segmentS": 3 } },
        """#)
    let token = try Command.run(["token", "add", "eye", "--state", "s"], in: rig.folder).output
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let (service, client) = try rig.serveHTTP()
    let eye = "Authorization: Bearer \(token)"
    func get(_ path: String, _ headers: String...) throws -> ServiceClient.Answer {
      try client.ask("GET", path, headers: headers + [eye], isEndless: true)
    }
    func list(_ kind: String) throws -> [[String: Any]] {
      try get("/v1/files?kind=\(kind)").object["files"] as? [[String: Any]] ?? []
    }
    try rig.eventually("a recording is whole", service) { try !list("recording").isEmpty && !list("picture").isEmpty }
    let recording = try #require(try list("recording").last), id = try #require(recording["id"] as? Int)
    #expect(recording["pipeline"] as? String == "cam" && recording["type"] as? String == "video/mp4")
    #expect(recording["path"] == nil, "no path of the machine is shown")
    let path = "/v1/pipelines/cam/files/\(id)", whole = try get(path)
    #expect(whole.status == 200 && whole.head.contains("video/mp4") && whole.head.contains("Accept-Ranges: bytes"))
    let written = try FileManager.default.subpathsOfDirectory(atPath: rig.space.path("out/record")).filter {
      $0.hasSuffix(".mp4")
    }
    let contents = written.compactMap { FileManager.default.contents(atPath: rig.space.path("out/record/\($0)")) }
    #expect(contents.contains(Data(whole.bytes)), "\(whole.bytes.count) bytes")
    let part = try get(path, "Range: bytes=4-7")
    #expect(
      part.status == 206 && part.body == "ftyp" && part.head.contains("Content-Range: bytes 4-7/\(whole.bytes.count)"))
    #expect(try get(path, "Range: bytes=\(whole.bytes.count)-").status == 416)
    let tag = try #require(whole.head.firstMatch(of: #/ETag: ("[^"]+")/#)?.1)
    #expect(try get(path, "If-None-Match: \(tag)").status == 304)
    #expect(try get(path, "Range: bytes=4-7", "If-Range: \"other\"").status == 200)

    let picture = try #require(try list("picture").first?["id"] as? Int)
    let shown = try get("/v1/pipelines/cam/files/\(picture)")
    #expect(shown.status == 200 && shown.head.contains("image/jpeg") && shown.bytes.starts(with: [0xFF, 0xD8]))
    for wrong in [
      "files/0", "files/999999", "files/-1", "files/\(picture)/picture", "files/..%2f..%2fservice.lock",
      "files/%2fetc%2fpasswd", "files/out%2fpictures%2findex.jsonl", "files/\(id)%00", "files/",
    ] {
      #expect(try get("/v1/pipelines/cam/\(wrong)").status == 404, "\(wrong)")
    }
    #expect(try client.get(path).status == 401 && client.get("/v1/files").status == 401)
    #expect(try client.get("/v1/pictures?streams=cam/cam").status == 401)

    // What is gone, or has become something else, is not served.
    let own = try #require(
      written.first { FileManager.default.contents(atPath: rig.space.path("out/record/\($0)")) == Data(whole.bytes) })
    let place = rig.space.path("out/record/\(own)")
    try FileManager.default.removeItem(atPath: place)
    try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "/etc/passwd")
    #expect(try get(path).status == 404)
    _ = try rig.terminate(service)

    // The next service still knows what was written.
    let (next, later) = try rig.serveHTTP()
    #expect(try later.ask("GET", "/v1/pipelines/cam/files/\(picture)", headers: [eye], isEndless: true).status == 200)
    _ = try rig.terminate(next)
  }

  @Test(
    "given the page, when asked for without a token, then it comes with a strict policy, and again only when it has changed"
  )
  func page() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("cam")
    _ = try Command.run(["token", "add", "eye", "--state", "s"], in: rig.folder)
    let (service, client) = try rig.serveHTTP()
    for (path, type) in [
      ("/", "text/html; charset=utf-8"), ("/page/app.js", "text/javascript; charset=utf-8"),
      ("/page/base.css", "text/css; charset=utf-8"), ("/page/icon.svg", "image/svg+xml"),
    ] {
      let answer = try client.get(path)
      #expect(answer.status == 200 && answer.head.contains("Content-Type: \(type)\r\n"), "\(path)")
      #expect(answer.head.contains("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'"))
      #expect(!answer.head.contains("unsafe") && answer.head.contains("X-Content-Type-Options: nosniff"))
      let tag = try #require(answer.head.firstMatch(of: #/ETag: ("[^"]+")/#)?.1)
      let again = try client.ask("GET", path, headers: ["If-None-Match: \(tag)"])
      #expect(again.status == 304 && again.bytes.isEmpty)
    }
    for path in ["/page/", "/page/nothing.js", "/page/..%2f..%2fetc%2fpasswd", "/page/index.html", "/page/app.js/x"] {
      #expect(try client.get(path).status == 404, "\(path)")
    }
    #expect(try client.ask("POST", "/").status == 405)
    _ = try rig.terminate(service)
  }
}

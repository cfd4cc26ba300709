import Foundation
import PipelineTestSupport
import Testing

/// Every request of a service that answers with pictures, with `http.pictures: "anonymized"`; without it the same check finds
/// faces.
@Suite(
  "The command: serve, pictures behind privacy.anonymize", .enabled(if: FaceFilm.isAvailable, FaceFilm.needs),
  .serialized,
  .timeLimit(.minutes(20)))
struct AnonymizedServiceTests {
  /// Requests of a service whose answers are pictures, or files that may be some.
  private static let requests: Set = [
    "takeSnapshot", "watchPictures", "watchStreams", "getFile", "getFilePicture",
  ]

  /// What hides nothing.
  private static let bareSinks = #"""
    { "id": "shots", "type": "sink.snapshot", "after": ["camera"], "config": { "folder": "out/shots", "everyS": 1 } },
    { "id": "tape", "type": "sink.record", "after": ["camera"], "config": { "folder": "out/tape", "segmentS": 2 } }
    """#

  @Test(
    "given a service that shows only anonymized pictures, when everything is asked for, then no face comes out; without, some do",
    arguments: [true, false])
  func service(isHiding: Bool) throws {
    let rig = try ServiceSpace(), film = try FaceFilm(rig.space.path("film.mp4"), frames: 60, times: 25)
    func write(_ name: String, _ stages: String) throws {
      try #"{ "version": 1, "name": "\#(name)", "stages": [\#(stages)] }"#.write(
        toFile: rig.space.path("p/\(name).json"), atomically: true, encoding: .utf8)
    }
    let camera =
      #"{ "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(film.path)", "realtime": true } },"#
    try write("bare", camera + Self.bareSinks.replacingOccurrences(of: "out/", with: "bare/"))
    try write(
      "private",
      FaceHiding.beginning(film.path) + FaceHiding.hiding + Self.bareSinks
        + #"""
        , { "id": "clips", "type": "sink.clip", "after": ["zones"],
            "config": { "folder": "out/clips", "beforeS": 0, "afterS": 1 } },
        { "id": "hidden", "type": "sink.snapshot", "after": ["hide"], "requires": "anonymized",
          "config": { "folder": "out/hidden", "everyS": 1 } }
        """#)
    try #"""
    { "version": 1, "http": { "pictures": "\#(isHiding ? "anonymized" : "all")" },
      "pipelines": [{ "file": "p/private.json" }, { "file": "p/bare.json" }] }
    """#.write(toFile: rig.space.path("service.json"), atomically: true, encoding: .utf8)
    let (service, client) = try rig.serveHTTP("service.json")
    // Written, whether it is shown or not.
    for folder in ["out/hidden", "out/shots", "bare/shots"] {
      try rig.eventually("there are pictures in \(folder)", service) { try count(rig, folder, ".jpg") >= 2 }
    }
    for folder in ["out/tape", "out/clips", "bare/tape"] {
      try rig.eventually("there is a film in \(folder)", service) { try count(rig, folder, ".json") >= 1 }
    }
    let stages: Set = isHiding ? ["hidden"] : ["hidden", "shots", "tape", "clips"]
    try rig.eventually("files are listed", service) { try listed(client).isSuperset(of: stages) }
    let search = try FaceSearch()
    try addLive("private", rig, client, to: search, as: "live")
    try addFiles(rig, client, to: search, isHiding: isHiding)
    let bare = ["snapshot?height=360", "live?max=3"].map { "/v1/pipelines/bare/\($0)" }
    if isHiding {
      for path in bare {
        let answer = try client.get(path)
        #expect(answer.status == 422 && answer.body.contains("nothing is hidden"), "\(answer.body)")
      }
      // In an answer of many streams it is away.
      let both = try client.ask(
        "GET", "/v1/pictures?streams=private/camera,bare/camera&rate=10&max=3", isEndless: true)
      let parts = try Multipart.parts(Multipart.dechunked(both.bytes))
      #expect(parts.contains { $0.fields["Edgepipe-Pipeline"] == "bare" })
      for part in parts { #expect(part.body.isEmpty == (part.fields["Edgepipe-Pipeline"] == "bare"), "\(part.fields)") }
    } else {
      try addLive("bare", rig, client, to: search, as: "bare")
    }
    try expectKnown(client)
    let found = try search.finish(film.places)
    // Whoever watches a stream with such a stage gets its pictures, whatever the service asks for.
    FaceHiding.expect(found, faces: false, in: ["live"])
    if isHiding {
      FaceHiding.expect(found, faces: false, in: ["file"])
    } else {
      FaceHiding.expect(found, faces: true, in: ["bare"])
      let files = try #require(found["file"])
      #expect(files.withFaces > files.pictures / 2, "\(files)")
    }
    _ = try rig.terminate(service)
  }

  private func count(_ rig: ServiceSpace, _ folder: String, _ ending: String) throws -> Int {
    ((try? FileManager.default.subpathsOfDirectory(atPath: rig.space.path(folder))) ?? []).count {
      $0.hasSuffix(ending)
    }
  }

  /// One picture, some as MJPEG, and some of all streams in one answer.
  private func addLive(
    _ name: String, _ rig: ServiceSpace, _ client: ServiceClient, to search: FaceSearch, as output: String
  ) throws {
    // On a busy machine no frame may come in time.
    try rig.eventually("a picture of \(name) comes") {
      let picture = try client.ask("GET", "/v1/pipelines/\(name)/snapshot?height=360", isEndless: true)
      guard picture.status == 200 else {
        try #require(picture.status == 503, "\(picture.body)")
        return false
      }
      try search.add(Data(picture.bytes), of: output)
      return true
    }
    for path in [
      "/v1/pipelines/\(name)/live?height=360&rate=10&max=3", "/v1/pictures?streams=\(name)/camera&rate=10&max=3",
    ] {
      let answer = try client.ask("GET", path, isEndless: true)
      #expect(answer.status == 200, "\(path)")
      let parts = try Multipart.parts(Multipart.dechunked(answer.bytes)).filter { !$0.body.isEmpty }
      #expect(!parts.isEmpty, "\(path)")
      for part in parts { try search.add(Data(part.body), of: output) }
    }
  }

  /// The stages whose files are shown.
  private func listed(_ client: ServiceClient) throws -> Set<String> {
    let files = try client.get("/v1/files?max=1000").object["files"] as? [[String: Any]] ?? []
    return Set(files.compactMap { $0["stage"] as? String })
  }

  /// Every file that the service gives, under whatever number.
  private func addFiles(_ rig: ServiceSpace, _ client: ServiceClient, to search: FaceSearch, isHiding: Bool) throws {
    #expect(try listed(client) == (isHiding ? ["hidden"] : ["hidden", "shots", "tape", "clips"]))
    for name in ["private", "bare"] {
      for number in 1...12 {
        for path in ["\(number)", "\(number)/picture"] {
          let file = try client.ask("GET", "/v1/pipelines/\(name)/files/\(path)", isEndless: true)
          guard file.status == 200 else {
            #expect(file.status == 404)
            continue
          }
          #expect(!isHiding || name == "private", "bare has nothing to show")
          if file.head.contains("video/mp4") {
            let film = rig.space.path("served.mp4")
            try Data(file.bytes).write(to: URL(fileURLWithPath: film))
            try search.add(film: film, of: "file", every: 5)
          } else {
            try search.add(Data(file.bytes), of: "file")
          }
        }
      }
    }
  }

  /// No request of the service answers with something else than text but those that are looked at here.
  private func expectKnown(_ client: ServiceClient) throws {
    let paths = try #require(client.get("/v1/openapi.json").object["paths"] as? [String: [String: Any]])
    var found: Set<String> = []
    for (_, methods) in paths {
      for case let operation as [String: Any] in methods.values {
        let answers = operation["responses"] as? [String: [String: Any]] ?? [:]
        let types = answers.values.flatMap { ($0["content"] as? [String: Any] ?? [:]).keys }
        let isText = types.allSatisfy { $0.hasPrefix("text/") || $0.contains("json") }
        if !isText, let id = operation["operationId"] as? String { found.insert(id) }
      }
    }
    #expect(found == Self.requests.union(["getPageFile"]), "its answers are looked at here")
  }
}

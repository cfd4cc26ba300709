import Foundation
import PipelineTestSupport
import Testing

@Suite(
  "The command: serve, over HTTP, with runs of real video",
  .enabled(if: ServiceSpace.clip != nil, "needs the data folder"))
struct ServeHTTPTests {
  /// A pipeline with a stage whose options change.
  private func pipeline(_ name: String) throws -> String {
    let clip = try #require(ServiceSpace.clip).path
    return #"""
      { "version": 1, "name": "\#(name)", "stages": [
        { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(clip)", "realtime": true } },
        { "id": "work", "type": "detect.null", "after": ["camera"] },
        { "id": "events", "type": "sink.jsonl", "after": ["work"], "config": { "path": "\#(name).jsonl", "append": true } } ] }
      """#
  }

  /// The changes in the results of the file's own stream.
  private func options(_ rig: ServiceSpace, _ name: String) throws -> [[String: Any]] {
    let text = (try? String(contentsOfFile: rig.space.path("\(name).jsonl"), encoding: .utf8)) ?? ""
    let whole = text.hasSuffix("\n") ? text : String(text[..<(text.lastIndex(of: "\n") ?? text.startIndex)])
    return try JSONLines.parse(whole).filter {
      $0["kind"] as? String == "options" && $0["stream"] as? String == "camera"
    }
  }

  @Test("given a service, when a pipeline is made, changed, stopped and removed over HTTP, then its runs are as asked")
  func life() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("own")
    let (service, client) = try rig.serveHTTP()
    let made = try client.ask("POST", "/v1/pipelines", json: #"{"name":"gate","pipeline":\#(pipeline("gate"))}"#)
    #expect(made.status == 201 && made.object["name"] as? String == "gate", "\(made.body)")
    try rig.eventually("gate delivers", service) { try rig.frames("gate").count >= 3 }
    try rig.eventually("gate runs", service) { try client.state("gate") == "running" }
    let first = try #require(rig.holder("gate"))

    // A change is refused until all stages are ready.
    var change: ServiceClient.Answer?
    try rig.eventually("the option changes", service) {
      change = try client.ask("PATCH", "/v1/pipelines/gate/stages/work", json: #"{"options":{"busyMs":3}}"#)
      return change?.status != 503
    }
    #expect(change?.status == 200, "\(change?.body ?? "")")
    try rig.eventually("the change is in the results", service) { try options(rig, "gate").count == 1 }
    let clip = try #require(ServiceSpace.clip).path
    let added = try client.ask("POST", "/v1/pipelines/gate/streams", json: #"{"id":"second","url":"\#(clip)"}"#)
    #expect(added.status == 204, "\(added.body)")

    // The next run has both.
    kill(first, SIGKILL)
    try rig.eventually("gate runs again", service) { rig.holder("gate") != nil && rig.holder("gate") != first }
    try rig.eventually("the change is in the results again", service) { try options(rig, "gate").count == 2 }
    try rig.eventually("the stream is there again", service) {
      let streams = try client.get("/v1/pipelines/gate/streams").object["streams"] as? [[String: Any]]
      return streams?.contains { $0["id"] as? String == "second" } == true
    }
    #expect(try client.get("/v1/pipelines/gate").object["restarts"] as? Int == 1)

    #expect(try client.ask("POST", "/v1/pipelines/gate/stop").status == 202)
    try rig.eventually("gate stops", service) { try client.state("gate") == "stopped" }
    #expect(try client.get("/v1/pipelines/gate/report").object["exit"] as? Int == 0)
    #expect(try client.get("/v1/pipelines/gate/streams").status == 503)
    #expect(try client.ask("DELETE", "/v1/pipelines/own").status == 409)
    _ = try rig.terminate(service)

    // It is there again, and still stopped.
    let (next, later) = try rig.serveHTTP()
    try rig.eventually("own runs", next) { try later.state("own") == "running" }
    #expect(try later.state("gate") == "stopped")
    #expect(try later.ask("POST", "/v1/pipelines/gate/start").status == 202)
    try rig.eventually("gate runs", next) { try later.state("gate") == "running" }
    #expect(try later.ask("DELETE", "/v1/pipelines/gate").status == 204)
    #expect(try later.state("gate") == nil && rig.processes("gate").isEmpty)
    #expect(try later.get("/v1/pipelines/gate").status == 404)
    _ = try rig.terminate(next)
  }

  @Test("given a running pipeline, when its pictures, events and metrics are asked for, then they are real")
  func watching() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("cam")
    let (service, client) = try rig.serveHTTP()
    try rig.eventually("cam runs with a stream", service) {
      try client.get("/v1/pipelines/cam").object["streams"] is [[String: Any]]
    }
    let picture = try client.ask("GET", "/v1/pipelines/cam/snapshot?height=120", isEndless: true)
    #expect(picture.status == 200 && picture.head.contains("image/jpeg"))
    #expect(picture.bytes.starts(with: [0xFF, 0xD8, 0xFF]) && picture.bytes.suffix(2) == [0xFF, 0xD9])
    let live = try client.ask("GET", "/v1/pipelines/cam/live?height=120&rate=10&max=3", isEndless: true)
    #expect(live.status == 200 && live.head.contains("multipart/x-mixed-replace; boundary=edgepipe"))
    #expect(live.body.components(separatedBy: "--edgepipe\r\n").count == 4 && live.body.contains("--edgepipe--"))
    #expect(live.body.components(separatedBy: "Content-Type: image/jpeg\r\n").count == 4)

    let metrics = try client.get("/metrics")
    #expect(metrics.body.contains(#"edgepipe_frames_delivered_total{pipeline="cam"}"#))
    #expect(metrics.body.contains(#"edgepipe_service_pipeline_running{pipeline="cam"} 1"#))
    if TestData.promtool != nil { try Promtool.check(metrics.body) }

    #expect(try client.ask("POST", "/v1/pipelines/cam/restart").status == 202)
    let events = try client.ask("GET", "/v1/events?max=1", headers: ["Last-Event-ID: x-0"], isEndless: true)
    #expect(events.head.contains("text/event-stream") && events.body.contains("event: pipeline"))
    let id = try #require(events.body.firstMatch(of: #/id: (.*)-1\n/#)?.1)
    let next = try client.ask("GET", "/v1/events?max=1", headers: ["Last-Event-ID: \(id)-1"], isEndless: true)
    #expect(next.body.contains("id: \(id)-2\n"))
    #expect(try client.get("/healthz").body == "ok\n")
    try rig.eventually("it is ready", service) { try client.get("/readyz").status == 200 }
    #expect(try client.get("/v1/pipelines/cam/log?lines=5").status == 200)
    _ = try rig.terminate(service)
  }

  @Test("given a service, when requests are hostile or wrong, then each is refused as it should be, and counted")
  func hostile() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("cam")
    let token = try Command.run(["token", "add", "boss", "--role", "admin", "--state", "s"], in: rig.folder).output
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let viewer = try Command.run(["token", "add", "eye", "--state", "s"], in: rig.folder).output
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let (service, client) = try rig.serveHTTP()
    let boss = "Authorization: Bearer \(token)"
    func status(_ method: String, _ path: String, json: String? = nil, _ headers: String...) throws -> Int {
      try client.ask(method, path, json: json, headers: headers).status
    }
    #expect(try status("GET", "/v1/pipelines") == 401 && status("GET", "/v1/pipelines", boss) == 200)
    #expect(try status("POST", "/v1/pipelines/cam/stop", "Authorization: Bearer \(viewer)") == 403)
    #expect(try status("GET", "/healthz") == 200 && status("GET", "/v1/openapi.json") == 200)
    #expect(try status("GET", "/v1/pipelines", boss, "Origin: https://elsewhere.example") == 403)
    #expect(try status("GET", "/v1/..%2f..%2fetc%2fpasswd", boss) == 404)
    #expect(try status("PUT", "/v1/pipelines", boss) == 405)
    #expect(try status("POST", "/v1/pipelines", json: #"{"name":"../x","pipeline":{}}"#, boss) == 400)
    #expect(try status("POST", "/v1/pipelines", json: #"{"name":"x","pipeline":{}}"#, boss) == 422)
    #expect(try status("POST", "/v1/pipelines", json: #"{"name":"cam","template":"zones"}"#, boss) == 409)
    #expect(try status("POST", "/v1/pipelines", boss, "Content-Length: 1073741824") == 413)
    #expect(try !FileManager.default.contentsOfDirectory(atPath: rig.space.path("s/created")).contains("x.json"))
    let foreign = try RawHTTP(port: client.port)
    foreign.send("GET /healthz HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
    #expect(try foreign.readResponse().hasPrefix("HTTP/1.1 403 "))

    let session = try client.ask("POST", "/v1/session", json: #"{"token":"\#(viewer)"}"#)
    let cookie = try #require(session.head.firstMatch(of: #/Set-Cookie: (edgepipe=[^;]+);/#)?.1)
    #expect(session.head.contains("HttpOnly; SameSite=Strict; Path=/"))
    #expect(try status("GET", "/v1/pipelines", "Cookie: \(cookie)") == 200)
    #expect(try status("DELETE", "/v1/session", "Cookie: \(cookie)") == 204)
    #expect(try status("GET", "/v1/pipelines", "Cookie: \(cookie)") == 401)
    let metrics = try client.ask("GET", "/metrics", headers: [boss]).body
    #expect(metrics.contains(#"edgepipe_service_refused_requests_total{status="401"} 2"#), "\(metrics.prefix(2000))")
    // It may still be starting: what it writes is looked at below.
    try rig.eventually("cam delivers", service) { !(try rig.frames("cam").isEmpty) }
    let said = try rig.terminate(service)
    #expect(!said.contains(token) && !said.contains(viewer))
    try rig.expectWhole("cam")
  }

  @Test("given an address beyond this machine, when served, then only with a certificate and tokens, and TLS 1.3")
  func beyond() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("cam")
    let open = try Command.run(["serve", "p", "--state", "s", "--listen", "0.0.0.0:0"], in: rig.folder)
    #expect(open.status == 69 && open.errors.contains("would be open to everybody") && open.errors.contains("--init"))
    #expect(rig.processes("cam").isEmpty)
    let first = try Command.run(["serve", "p", "--state", "s", "--init"], in: rig.folder)
    #expect(first.status == 0)
    let token = try #require(first.output.firstMatch(of: #/token +(ep_[A-Za-z0-9_-]{43}) /#)?.1)
    #expect(first.output.contains("fingerprint  SHA-256 "))
    #expect(try Command.run(["serve", "p", "--state", "s", "--init"], in: rig.folder).status == 64)
    let unseen = try Command.shell("$E serve p --state t --init > /dev/full", in: rig.folder)
    #expect(unseen.status == 74 && unseen.errors.contains("edgepipe token add"), "\(unseen.errors)")
    let (service, client) = try rig.serveHTTP(listen: "0.0.0.0:0")
    /// What an independent client gets: the version of TLS and the status.
    func get(_ versions: String, _ token: Substring) throws -> String {
      let script = """
        import ssl, urllib.request, urllib.error
        context = ssl.create_default_context(cafile='s/tls/certificate.pem')
        \(versions)
        request = urllib.request.Request('https://127.0.0.1:\(client.port)/v1/pipelines',
                                         headers={'Authorization': 'Bearer \(token)'})
        try: print(urllib.request.urlopen(request, context=context).status)
        except urllib.error.HTTPError as error: print(error.code)
        except urllib.error.URLError as error: print(error.reason)
        """
      let result = try Command.shell("python3 -c \"$SCRIPT\"", in: rig.folder, environment: ["SCRIPT": script])
      return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    #expect(try get("", token) == "200")
    #expect(try get("", "x") == "401")
    #expect(try get("context.maximum_version = ssl.TLSVersion.TLSv1_2", token).lowercased().contains("protocol"))
    _ = try rig.terminate(service)
  }
}

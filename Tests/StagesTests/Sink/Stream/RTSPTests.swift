import EdgepipeCore
import PipelineTestSupport
import Synchronization
import Testing

@testable import Pipeline
@testable import Stages

@Suite("Live output: RTSP")
struct RTSPTests {
  /// A server that answers as it is told, a few bytes at a time.
  fileprivate final class Server: ByteConnection {
    struct Request {
      var line: String
      var fields: [String: String]
      var body: String
      var method: String { String(line.prefix { $0 != " " }) }
    }

    init() {}

    private(set) var requests: [Request] = []
    /// What is no request: packets.
    private(set) var packets = 0
    var answer: (Request) -> String = { _ in "200 OK" }
    /// The fields of an answer beside its number.
    var fields: (Request) -> [String] = { _ in [] }
    var isFrozen = false
    var isClosed = false
    private var incoming: [UInt8] = []
    private var outgoing: [UInt8] = []
    private var turn = 0

    func write(_ bytes: ArraySlice<UInt8>) throws(StreamLoss) -> Int {
      turn += 1
      if isFrozen || turn % 3 == 0 { return 0 }
      incoming += bytes.prefix(100)
      while takePacket() || takeRequest() {}
      return min(100, bytes.count)
    }

    func read() throws(StreamLoss) -> [UInt8]? {
      if outgoing.isEmpty { return isClosed ? nil : [] }
      defer { outgoing.removeFirst(min(7, outgoing.count)) }
      return Array(outgoing.prefix(7))
    }

    func say(_ bytes: [UInt8]) { outgoing += bytes }

    private func takePacket() -> Bool {
      guard incoming.first == UInt8(ascii: "$"), incoming.count >= 4 else { return false }
      let count = 4 + Int(incoming[2]) << 8 + Int(incoming[3])
      guard incoming.count >= count else { return false }
      incoming.removeFirst(count)
      packets += 1
      return true
    }

    private func takeRequest() -> Bool {
      let text = String(decoding: incoming, as: UTF8.self)
      guard incoming.first != UInt8(ascii: "$"), let end = text.firstRange(of: "\r\n\r\n") else { return false }
      let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
      let pairs = lines.dropFirst().map { $0.split(separator: ": ", maxSplits: 1).map(String.init) }
      let fields = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
      let length = fields["Content-Length"].flatMap(Int.init) ?? 0
      guard text[end.upperBound...].utf8.count >= length else { return false }
      let request = Request(line: lines[0], fields: fields, body: String(text[end.upperBound...].prefix(length)))
      incoming.removeFirst(text[..<end.upperBound].utf8.count + length)
      requests.append(request)
      let answers = ["RTSP/1.0 \(answer(request))", "CSeq: \(fields["CSeq"] ?? "")"] + self.fields(request)
      outgoing += Array((answers.joined(separator: "\r\n") + "\r\n\r\n").utf8)
      return true
    }
  }

  private static let sets: [[UInt8]] = [[0x67, 0x42, 0xC0, 0x1E, 9], [0x68, 1]]

  /// - Parameter patience: pauses until the time allowed is over.
  private func publish(
    _ server: Server, _ address: String = "rtsp://host/live", patience: Int = 1000,
    clock: any PipelineClock = ManualClock()
  ) throws -> RTSPPublisher {
    let pauses = Mutex(0)
    let guardian = ReadGuard(clock: SystemClock()) { pauses.withLock { $0 } > patience }
    return try RTSPPublisher(
      server, RTSPAddress(address), parameterSets: Self.sets, guardian: guardian, clock: clock
    ) { pauses.withLock { $0 += 1 } }
  }

  @Test("given a server, when a stream is published, then it is announced, set up, recorded, sent and taken down")
  func whole() throws {
    let server = Server()
    server.fields = { $0.method == "SETUP" ? ["Session: 12ab;timeout=60"] : [] }
    let publisher = try publish(server)
    try publisher.send(StreamFixture.picture([[0x65, 1]], ticks: 500, isKey: true))
    try publisher.send(StreamFixture.picture([[0x41, 1]], ticks: 4100))
    try publisher.finish()
    #expect(
      server.requests.map(\.line) == [
        "ANNOUNCE rtsp://host/live RTSP/1.0", "SETUP rtsp://host/live/streamid=0 RTSP/1.0",
        "RECORD rtsp://host/live RTSP/1.0", "TEARDOWN rtsp://host/live RTSP/1.0",
      ])
    #expect(server.requests.map { $0.fields["CSeq"] } == ["1", "2", "3", "4"])
    #expect(server.requests.map { $0.fields["Session"] } == [nil, nil, "12ab", "12ab"])
    #expect(server.requests[1].fields["Transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record")
    let body = server.requests[0].body
    #expect(body.contains("a=rtpmap:96 H264/90000\r\n"))
    #expect(body.contains("sprop-parameter-sets=Z0LAHgk=,aAE=; profile-level-id=42C01E\r\n"))
    // A report, the parameter sets and the key frame; then the other picture.
    #expect(server.packets == 1 + 3 + 1)
  }

  @Test(
    "given a server that wants a password, when a stream is published, then the digest is right and the password never sent"
  )
  func digest() throws {
    let server = Server()
    server.answer = { $0.fields["Authorization"] == nil ? "401 Unauthorized" : "200 OK" }
    server.fields = {
      $0.fields["Authorization"] == nil
        ? ["WWW-Authenticate: Basic realm=\"r\"", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\""] : []
    }
    _ = try publish(server, "rtsp://user:s3cret%40word@host/live")
    #expect(server.requests.map(\.method) == ["ANNOUNCE", "ANNOUNCE", "SETUP", "RECORD"])
    let first = RTSPCredentials.md5("user:r:s3cret@word")
    for request in server.requests.dropFirst() {
      let url = String(request.line.split(separator: " ")[1])
      let response = RTSPCredentials.md5("\(first):n:\(RTSPCredentials.md5("\(request.method):\(url)"))")
      #expect(
        request.fields["Authorization"]
          == "Digest username=\"user\", realm=\"r\", nonce=\"n\", uri=\"\(url)\", response=\"\(response)\"")
    }
    #expect(!server.requests.contains { "\($0)".contains("s3cret") })
  }

  @Test("given the digests of the standards, when they are made here, then they are the same")
  func knownDigests() {
    #expect(RTSPCredentials.md5("abc") == "900150983cd24fb0d6963f7d28e17f72")
    // RFC 2069 with its erratum.
    let challenge = RTSPCredentials.challenge(in: [
      #"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#
    ])
    let user = RTSPCredentials(user: "Mufasa", password: "CircleOfLife")
    let text = challenge.map { user.authorization($0, method: "GET", url: "/dir/index.html", count: 1) }
    #expect(text?.contains("response=\"1949323746fe6a43ef61f9606e7febea\"") == true)
    #expect(text?.contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"") == true)
    #expect(RTSPCredentials.challenge(in: ["Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256"]) == nil)
    #expect(RTSPCredentials.challenge(in: ["Digest realm=r,nonce=n,algorithm=SHA-256", "Basic realm=\"r\""]) == .basic)
    let quality = RTSPCredentials.challenge(in: [
      "digest realm=\"a, b\", nonce=\"n\", qop=\"auth-int,auth\", algorithm=MD5"
    ])
    #expect(quality == .digest(realm: "a, b", nonce: "n", opaque: nil, hasQuality: true))
    #expect(
      RTSPCredentials(user: "a", password: "b").authorization(.basic, method: "X", url: "u", count: 1) == "Basic YTpi")
  }

  @Test(
    "given a wrong password, when a stream is published, then it is tried once and said to be refused",
    arguments: ["Digest realm=\"r\", nonce=\"n\"", "Basic realm=\"r\""])
  func wrongPassword(challenge: String) throws {
    let server = Server()
    server.answer = { _ in "401 Unauthorized" }
    server.fields = { _ in ["WWW-Authenticate: \(challenge)"] }
    let loss = #expect(throws: StreamLoss.self) { _ = try publish(server, "rtsp://user:s3cretword@host/live") }
    #expect(loss?.isRefused == true && server.requests.count == 2)
    #expect(loss?.error.description.contains("401 Unauthorized") == true)
    let none = #expect(throws: StreamLoss.self) { _ = try publish(Server(refusing: "401 Unauthorized")) }
    #expect(none?.isRefused == true)
  }

  @Test(
    "given a server that refuses, speaks something else, freezes or goes, when a stream is published, then that is said"
  )
  func losses() throws {
    let busy = #expect(throws: StreamLoss.self) { _ = try publish(Server(refusing: "453 Not Enough Bandwidth")) }
    #expect(busy?.isRefused == false)
    #expect(busy?.error.message == "the server answers ANNOUNCE with \"453 Not Enough Bandwidth\"")

    let talkative = #expect(throws: StreamLoss.self) {
      let address = "rtsp://user:s3cretword@host/live?token=t0psecret"
      _ = try publish(Server(refusing: "500 no s3cretword at \(address)"), address)
    }
    #expect(talkative?.error.description.contains("500 no ***") == true)
    #expect(talkative?.error.description.contains("t0psecret") == false)

    let web = Server()
    web.say(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
    let other = #expect(throws: StreamLoss.self) { _ = try publish(web) }
    #expect(other?.error.message.contains("does not speak RTSP") == true)

    let frozen = Server()
    frozen.isFrozen = true
    let late = #expect(throws: StreamLoss.self) { _ = try publish(frozen, patience: 10) }
    #expect(late?.error.message.contains("time") == true)

    let gone = Server()
    let publisher = try publish(gone)
    gone.isClosed = true
    let closed = #expect(throws: StreamLoss.self) { try publisher.send(StreamFixture.picture(isKey: true)) }
    #expect(closed?.error.message.contains("closed") == true)
  }

  @Test(
    "given receivers' reports and answers between, when pictures are sent, then they are taken and nothing is held up")
  func incoming() throws {
    let server = Server()
    let publisher = try publish(server)
    server.say(
      [UInt8(ascii: "$"), 1, 0, 3, 1, 2, 3] + Array("RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nab".utf8))
    server.say(Array("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".utf8))
    for ticks in 0..<5 { try publisher.send(StreamFixture.picture(ticks: Int64(ticks), isKey: ticks == 0)) }
    let rest = try server.read()
    #expect(rest == [])
    server.say(Array("RTSP/1.0 454 Session Not Found\r\nCSeq: 9\r\n\r\n".utf8))
    let ended = #expect(throws: StreamLoss.self) { try publisher.send(StreamFixture.picture(ticks: 9)) }
    #expect(ended?.error.message.contains("454") == true)
  }

  @Test("given a server that answers now and then, when it does so no more, then it counts as frozen")
  func keepAlive() throws {
    let clock = ManualClock(), server = Server()
    let publisher = try publish(server, clock: clock)
    // A second each: two questions are answered.
    for ticks in 0..<60 {
      clock.advance(milliseconds: 1000)
      try publisher.send(StreamFixture.picture(ticks: Int64(ticks), isKey: ticks == 0))
    }
    #expect(server.requests.filter { $0.method == "OPTIONS" }.count == 2)
    server.answer = { _ in "200 OK\r\nCSeq: 0" }
    var sent = 0
    let loss = #expect(throws: StreamLoss.self) {
      for ticks in 60..<200 {
        clock.advance(milliseconds: 1000)
        try publisher.send(StreamFixture.picture(ticks: Int64(ticks)))
        sent += 1
      }
    }
    // Asked 15 s later, and waited for 10 s.
    #expect(sent == 24 && loss?.error.message.contains("stopped answering") == true)

    // Who has never answered is left in peace.
    let silent = Server(), other = try publish(silent, clock: clock)
    silent.answer = { _ in "200 OK\r\nCSeq: 0" }
    for ticks in 0..<100 {
      clock.advance(milliseconds: 1000)
      try other.send(StreamFixture.picture(ticks: Int64(ticks)))
    }
  }

  @Test(
    "given an address, when it is taken apart, then requests name it without its user",
    arguments: [
      ("rtsp://host/live", "host", 554, nil, nil, "rtsp://host/live"),
      ("RTSPS://host/live?a=b@c", "host", 322, nil, nil, "rtsps://host/live?a=b@c"),
      ("rtsp://u:p%3A%40@[::1]:8554/x", "[::1]", 8554, "u", "p:@", "rtsp://[::1]:8554/x"),
      ("rtsp://u:p@q@host:1", "host", 1, "u", "p@q", "rtsp://host:1"),
      ("rtsp://[fe80::1]/x", "[fe80::1]", 554, nil, nil, "rtsp://[fe80::1]/x"),
      ("rtsp://u@host/x", "host", 554, "u", "", "rtsp://host/x"),
    ] as [(String, String, Int, String?, String?, String)])
  func address(text: String, host: String, port: Int, user: String?, password: String?, url: String) {
    let address = RTSPAddress(text)
    #expect(address.host == host && address.port == port && address.url == url)
    #expect(address.user == user && address.password == password)
  }
}

extension RTSPTests.Server {
  fileprivate convenience init(refusing answer: String) {
    self.init()
    self.answer = { _ in answer }
  }
}

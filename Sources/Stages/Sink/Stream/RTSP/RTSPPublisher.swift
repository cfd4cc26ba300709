import EdgepipeCore
import Glibc

/// Publishes one video at an RTSP server (RFC 2326: ANNOUNCE, SETUP, RECORD), with its packets on the same connection.
/// Used by one thread.
final class RTSPPublisher: StreamCarrier {
  private static let reportTicks = Int64(5 * VideoEncoder.ticksPerSecond)

  private let connection: any ByteConnection
  private let address: RTSPAddress
  private let guardian: ReadGuard
  private let clock: any PipelineClock
  private let parameterSets: [[UInt8]]
  private let pause: () -> Void

  private var answers = RTSPAnswers()
  private var credentials: (challenge: RTSPCredentials.Challenge, count: Int)?
  private var sequence = 0
  private var session: String?
  private var keepAlive: RTSPKeepAlive
  private var packetizer: RTPPacketizer
  private var firstTicks: Int64?
  private var nextReport: Int64 = 0
  private var bytes: [UInt8] = []

  /// Publishes; pictures may be sent from then on.
  ///
  /// - Parameters:
  ///   - parameterSets: of the video.
  ///   - pause: waits for a moment where the connection has nothing and takes nothing.
  init(
    _ connection: any ByteConnection, _ address: RTSPAddress, parameterSets: [[UInt8]], guardian: ReadGuard,
    clock: any PipelineClock = SystemClock(), pause: @escaping () -> Void = { usleep(5000) }
  ) throws(StreamLoss) {
    (self.connection, self.address, self.guardian, self.clock) = (connection, address, guardian, clock)
    (self.parameterSets, self.pause) = (parameterSets, pause)
    keepAlive = RTSPKeepAlive(clock.now())
    var random = SystemRandomNumberGenerator()
    packetizer = RTPPacketizer(using: &random)
    _ = try ask(
      "ANNOUNCE", ["Content-Type: application/sdp"],
      body: SessionDescription.text(host: address.host, parameterSets: parameterSets))
    let track = address.url + "/" + SessionDescription.track
    let setup = try ask("SETUP", url: track, ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"])
    session = setup.value("session").map { String($0.prefix { $0 != ";" }) }
    _ = try ask("RECORD", ["Range: npt=0.000-"])
  }

  func send(_ picture: EncodedPicture) throws(StreamLoss) {
    try drain()
    let now = clock.now()
    if keepAlive.isFrozen(now) { throw StreamLoss("the server has stopped answering") }
    let first = firstTicks ?? picture.ticks, ticks = picture.ticks - first
    firstTicks = first
    bytes.removeAll(keepingCapacity: true)
    if ticks >= nextReport {
      nextReport = ticks + Self.reportTicks
      packetizer.addReport(ticks: ticks, wall: picture.wall, to: &bytes)
    }
    // A receiver that joins the server later may see nothing else of them.
    let sets = picture.isKey ? parameterSets : []
    picture.withBytes { packetizer.add(sets, $0, ticks: ticks, to: &bytes) }
    try write(bytes)
    if keepAlive.isDue(now) {
      try write(request("OPTIONS", url: address.url, [], body: ""))
      keepAlive.ask(sequence, now)
    }
  }

  /// Waits for the answer: a connection that is closed while something of the server's is unread loses what was sent last.
  func finish() throws(StreamLoss) {
    try drain()
    try write(request("TEARDOWN", url: address.url, [], body: ""))
    while try receive().value("cseq") != String(sequence) {}
  }

  // MARK: - Requests

  private func request(_ method: String, url: String, _ fields: [String], body: String) -> [UInt8] {
    sequence += 1
    var lines = ["\(method) \(url) RTSP/1.0", "CSeq: \(sequence)", "User-Agent: edgepipe"]
    if let session { lines.append("Session: \(session)") }
    if let (challenge, count) = credentials, let user = address.user, let password = address.password {
      let own = RTSPCredentials(user: user, password: password)
      lines.append("Authorization: " + own.authorization(challenge, method: method, url: url, count: count))
      credentials = (challenge, count + 1)
    }
    lines += fields
    if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
  }

  /// Asks and waits for the answer; a second time with user and password where the server wants them.
  private func ask(
    _ method: String, url: String? = nil, _ fields: [String], body: String = ""
  ) throws(StreamLoss) -> RTSPAnswers.Answer {
    let url = url ?? address.url
    for isRepeated in [false, true] {
      try write(request(method, url: url, fields, body: body))
      let answer = try receive()
      if (200..<300).contains(answer.status) { return answer }
      let isDenied = answer.status == 401 || answer.status == 403
      if answer.status == 401, !isRepeated, address.user != nil {
        if let challenge = RTSPCredentials.challenge(in: answer.values("www-authenticate")) {
          // A challenge that is known already and comes again with the same nonce means that the password is wrong.
          if credentials?.challenge == challenge { throw denied(answer) }
          credentials = (challenge, 1)
          continue
        }
        throw StreamLoss(
          "the server requires an authentication that is not supported",
          remedy: "set it to basic authentication, or to digest with MD5", isRefused: true)
      }
      throw isDenied
        ? denied(answer) : StreamLoss("the server answers \(method) with \"\(words(answer))\"", remedy: nil)
    }
    throw StreamLoss("the server wants other credentials for each request", isRefused: true)
  }

  private func denied(_ answer: RTSPAnswers.Answer) -> StreamLoss {
    StreamLoss(
      "the server answers \"\(words(answer))\"",
      remedy: "check the user and password, and that the user may publish", isRefused: true)
  }

  private func words(_ answer: RTSPAnswers.Answer) -> String { "\(answer.status) \(address.scrubbed(answer.reason))" }

  private func receive() throws(StreamLoss) -> RTSPAnswers.Answer {
    while true {
      do { if let answer = try answers.next() { return answer } } catch { throw Self.notRTSP }
      guard let more = try connection.read() else { throw Self.closed }
      // A server that talks without an end answers nothing.
      try checkTime()
      if more.isEmpty { pause() } else { answers.add(more) }
    }
  }

  /// Takes what has come meanwhile: answers to questions of politeness, receivers' reports, the end.
  private func drain() throws(StreamLoss) {
    while let more = try connection.read() {
      if more.isEmpty { return }
      try checkTime()
      answers.add(more)
      do {
        while let answer = try answers.next() {
          keepAlive.answer(answer.value("cseq"))
          guard answer.status == 454 || answer.status == 401 else { continue }
          throw StreamLoss("the server has ended the session: \"\(words(answer))\"")
        }
      } catch let loss as StreamLoss { throw loss } catch { throw Self.notRTSP }
    }
    throw Self.closed
  }

  private func write(_ bytes: [UInt8]) throws(StreamLoss) {
    var position = 0
    while position < bytes.count {
      let count = try connection.write(bytes[position...])
      position += count
      guard count == 0 else { continue }
      try checkTime()
      pause()
    }
  }

  private func checkTime() throws(StreamLoss) { if guardian.hasTimedOut || guardian.isStopping { throw .timedOut } }

  private static let closed = StreamLoss("the server has closed the connection")
  private static let notRTSP = StreamLoss("the server does not speak RTSP", remedy: "check the address and its port")
}
